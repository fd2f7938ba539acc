using Microsoft.Extensions.Time.Testing;
using Qgjob.Server.Auth.Oidc;
using Qgjob.Server.Http;
using Xunit;

namespace Qgjob.Server.Tests.Auth;

public sealed class OidcTests
{
    private const string Call = "/api/v1/runs";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tokens_of_the_issuer_open_what_a_rule_says_and_the_servers_own_still_opens_all()
    {
        await using var server = await OidcServer.StartAsync();
        Assert.Equal(200, (await server.GetAsync(Call, OidcServer.Token)).Status);
        Assert.Equal(200, (await server.GetAsync("/api/v1/orgs", OidcServer.Token)).Status);
        Assert.Equal(200, (await server.GetAsync(Call, server.Submitter())).Status);
        Assert.Equal(200, (await server.GetAsync(Call, server.Viewer())).Status);
        Assert.Equal(200, (await server.GetAsync(Call, LocalIssuer.Token(new { alg = "ES256", kid = "curve" }, server.Claims(), server.Issuer.Curve))).Status);
        Assert.Equal(200, (await server.GetAsync(Call, server.Issuer.Token(server.Claims(("aud", new[] { "another", "qgjob" }))))).Status);
        Assert.Equal(200, (await server.GetAsync(Call, server.Issuer.Token(server.Claims(("repository", "acme/deploy"), ("environment", "production"))))).Status);
        // GitLab's claims; a boolean matches its text.
        Assert.Equal(200, (await server.GetAsync(Call, server.Issuer.Token(server.Claims(("repository", null), ("project_path", "other/group/app"), ("ref_protected", true))))).Status);
        Assert.Equal(1, server.Issuer.Asked);

        var (status, detail) = await server.GetAsync("/api/v1/orgs", server.Submitter());
        Assert.Equal(403, status);
        Assert.Equal("This token may not do that. It takes the server's own token. The token makes its bearer a submitter of the org 'acme'.", detail);
        Assert.Equal(401, (await server.GetAsync(Call, "not-the-token-of-it")).Status);
    }

    [Fact]
    public async Task What_is_wrong_with_a_token_is_said_and_the_token_is_not()
    {
        await using var server = await OidcServer.StartAsync();
        var (issuer, now) = (server.Issuer, server.Server.Time.GetUtcNow().ToUnixTimeSeconds());
        string Changed(params (string, object?)[] changes) => issuer.Token(server.Claims(changes));
        var stranger = System.Security.Cryptography.RSA.Create(2048);
        byte[] Stranger(byte[] text) => stranger.SignData(text, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        var good = server.Submitter().Split('.');
        (string Token, string Says)[] bad =
        [
            (Changed(("exp", now - 61)), "expired at 2030-01-01 07:58:59 UTC, and it is 2030-01-01 08:00:00 UTC"),
            (Changed(("exp", null)), "never expires"),
            (Changed(("exp", "soon")), "The OIDC token"),
            (Changed(("nbf", now + 61)), "is valid from 2030-01-01 08:01:01 UTC on"),
            (Changed(("aud", "another")), "is for the audience 'another'; this server expects 'qgjob'"),
            (Changed(("aud", "QGJOB")), "is for the audience 'QGJOB'"),
            (Changed(("aud", null)), "is for the audience ''"),
            (Changed(("iss", issuer.Address + "/")), "comes from the issuer"),
            (Changed(("iss", "https://evil.example\n")), "comes from the issuer 'https://evil.example?'"),
            (Changed(("iss", null)), "comes from the issuer ''"),
            (Changed(("repository", "acme/other"), ("ref", "refs/heads/x")), "no rule of this server's --oidc file is for repository 'acme/other', ref 'refs/heads/x'"),
            (Changed(("repository", "ACME/shop")), "no rule"),
            (Changed(("ref", "refs/tags/v1")), "no rule"),
            (Changed(("repository", "acme/deploy")), "no environment"),
            (Changed(("repository", "acme/deploy"), ("environment", "staging")), "environment 'staging'"),
            (Changed(("repository", null), ("project_path", "other"), ("ref_protected", true)), "no rule"),
            (Changed(("repository", null), ("project_path", "other/x"), ("ref_protected", false)), "no rule"),
            (Changed(("repository", new[] { "acme/shop" })), "no rule"),
            (LocalIssuer.Token(new { alg = "RS256", kid = issuer.Kid }, server.Claims(), Stranger), "the signature does not fit"),
            (LocalIssuer.Token(new { alg = "RS256", kid = "key-9" }, server.Claims(), issuer.Rsa), "is signed with the key 'key-9', which"),
            (LocalIssuer.Token(new { alg = "RS256", kid = "secret" }, server.Claims(), issuer.Rsa), "is signed with the key 'secret', which"),
            (LocalIssuer.Token(new { alg = "RS256", kid = "curve" }, server.Claims(), issuer.Rsa), "is not"),
            (LocalIssuer.Token(new { alg = "ES256", kid = issuer.Kid }, server.Claims(), issuer.Curve), "is not"),
            (LocalIssuer.Token(new { alg = "RS256" }, server.Claims(), issuer.Rsa), "does not say which key"),
            (LocalIssuer.Token(new { alg = "none" }, server.Claims(), _ => []), "is signed with 'none'; only RS256 and ES256 are taken"),
            (LocalIssuer.Token(new { alg = "None", kid = issuer.Kid }, server.Claims(), _ => []), "is signed with 'None'"),
            (LocalIssuer.Token(new { alg = "HS256", kid = issuer.Kid }, server.Claims(), issuer.Confused), "is signed with 'HS256'"),
            (LocalIssuer.Token(new { alg = "RS256", kid = issuer.Kid, crit = new[] { "exp" } }, server.Claims(), issuer.Rsa), "demands an extension (crit)"),
            ($"{good[0]}.{good[1]}.", "The OIDC token is"),
            ($"{good[0]}.{good[1]}.AAAA", "the signature does not fit"),
            ($"{good[0]}.{Changed(("repository", "acme/docs")).Split('.')[1]}.{good[2]}", "the signature does not fit"),
            ($"{good[0]}..{good[2]}", "The OIDC token "),
            ($"{good[0]}.e30.{good[2]}", "comes from the issuer ''"),
            ($"eyJ.{good[1]}.{good[2]}", "The OIDC token "),
            ($"{good[0]}.!!!.{good[2]}", "The OIDC token "),
            (Changed(("pad", new string('x', 20_000))), "is longer than"),
        ];
        foreach (var (token, says) in bad)
        {
            var (status, detail) = await server.GetAsync(Call, token);
            Assert.True(status == 401, $"{says}: {status} {detail}");
            Assert.Contains(says, detail, StringComparison.Ordinal);
            Assert.DoesNotContain(good[0], detail, StringComparison.Ordinal);
            Assert.DoesNotContain(good[2], detail, StringComparison.Ordinal);
        }
        stranger.Dispose();
        // However many ids were invented, the issuer was asked for its keys once more at most.
        Assert.InRange(server.Issuer.Asked, 1, 2);
    }

    [Fact]
    public async Task A_new_key_of_the_issuer_is_fetched_when_a_token_names_it_but_not_at_every_call()
    {
        await using var server = await OidcServer.StartAsync();
        Assert.Equal(200, (await server.GetAsync(Call, server.Submitter())).Status);
        var old = server.Submitter();
        server.Issuer.Rotate("key-2");
        Assert.Equal(401, (await server.GetAsync(Call, server.Submitter())).Status);
        Assert.Equal(1, server.Issuer.Asked);
        server.Server.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(200, (await server.GetAsync(Call, server.Submitter())).Status);
        Assert.Equal(2, server.Issuer.Asked);
        Assert.Contains("'key-1', which", (await server.GetAsync(Call, old)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_issuer_that_cannot_be_reached_is_named_and_its_last_keys_go_on_to_count()
    {
        await using var server = await OidcServer.StartAsync();
        server.Issuer.Down = true;
        var (status, detail) = await server.GetAsync(Call, server.Submitter());
        Assert.Equal(503, status);
        Assert.Contains($"cannot get the keys of {server.Issuer.Address}", detail, StringComparison.Ordinal);
        Assert.Contains("answered 500", detail, StringComparison.Ordinal);
        Assert.Equal(200, (await server.GetAsync(Call, OidcServer.Token)).Status);

        server.Issuer.Down = false;
        Assert.Equal(503, (await server.GetAsync(Call, server.Submitter())).Status);
        server.Server.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(200, (await server.GetAsync(Call, server.Submitter())).Status);
    }

    [Fact]
    public async Task Keys_are_asked_for_again_after_an_hour_and_count_for_a_day_without_an_answer()
    {
        await using var issuer = await LocalIssuer.StartAsync();
        using var http = new HttpClient();
        var time = new FakeTimeProvider();
        using var keys = new IssuerKeys(issuer.Address, http, time);
        Assert.NotNull(await keys.FindAsync("key-1", Cancel));
        time.Advance(TimeSpan.FromMinutes(59));
        Assert.NotNull(await keys.FindAsync("key-1", Cancel));
        Assert.Equal(1, issuer.Asked);
        time.Advance(TimeSpan.FromMinutes(2));
        issuer.Rotate("key-2");
        Assert.Null(await keys.FindAsync("key-1", Cancel));
        Assert.NotNull(await keys.FindAsync("key-2", Cancel));
        Assert.Equal(2, issuer.Asked);
        issuer.Down = true;
        time.Advance(TimeSpan.FromHours(23));
        Assert.NotNull(await keys.FindAsync("key-2", Cancel));
        time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(503, (await Assert.ThrowsAsync<RefusedException>(() => keys.FindAsync("key-2", Cancel).AsTask())).Status);
    }

    [Theory]
    [InlineData("https://another.example", null, "its discovery document is about 'https://another.example'")]
    [InlineData(null, "http://keys.example/jwks", "names no https jwks_uri")]
    [InlineData(null, "file:///etc/passwd", "names no https jwks_uri")]
    public async Task A_discovery_document_that_leads_elsewhere_is_not_followed(string? named, string? keysAt, string says)
    {
        await using var server = await OidcServer.StartAsync();
        (server.Issuer.Named, server.Issuer.KeysAt) = (named, keysAt);
        var (status, detail) = await server.GetAsync(Call, server.Submitter());
        Assert.Equal(503, status);
        Assert.Contains(says, detail, StringComparison.Ordinal);
    }
}
