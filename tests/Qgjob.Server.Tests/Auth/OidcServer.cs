using System.Net.Http.Headers;
using System.Text.Json;
using Qgjob.Client;
using Qgjob.Client.Http;
using Xunit;

namespace Qgjob.Server.Tests.Auth;

/// <summary>A server that takes a local issuer's tokens: acme/shop submits for acme, acme/docs looks on.</summary>
internal sealed class OidcServer : IAsyncDisposable
{
    public const string Token = "a-token-of-our-own-0123";
    private readonly string folder;
    private readonly Transport owner;

    private OidcServer(LocalIssuer issuer, RunningServer server, string folder)
    {
        Issuer = issuer;
        Server = server;
        this.folder = folder;
        owner = new Transport(server.Address, Token, TimeProvider.System);
        Owner = new QgjobClient(owner);
        OwnerAgent = new AgentClient(owner);
    }

    public LocalIssuer Issuer { get; }
    public RunningServer Server { get; }
    public QgjobClient Owner { get; }
    public AgentClient OwnerAgent { get; }

    public static async Task<OidcServer> StartAsync()
    {
        var issuer = await LocalIssuer.StartAsync();
        var folder = Directory.CreateTempSubdirectory("qgjob-oidc-test").FullName;
        var (token, rules) = (Path.Combine(folder, "token"), Path.Combine(folder, "oidc.json"));
        await File.WriteAllTextAsync(token, Token, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(rules, $$"""
            {
              // Comments are welcome.
              "issuers": [
                { "issuer": "{{issuer.Address}}", "audience": "qgjob", "rules": [
                  { "repository": "acme/shop", "ref": "refs/heads/*", "org": "acme", "role": "submitter" },
                  { "repository": "acme/deploy", "environment": "production", "org": "acme", "role": "submitter" },
                  { "repository": "acme/docs", "org": "acme", "role": "viewer" },
                  { "project_path": "other/*", "ref_protected": "true", "org": "other", "role": "submitter" },
                ] },
              ],
            }
            """, TestContext.Current.CancellationToken);
        return new OidcServer(issuer, await RunningServer.StartAsync(null, "--token-file", token, "--oidc", rules), folder);
    }

    /// <summary>A push to main of acme/shop, changed as asked; null takes a claim away.</summary>
    public Dictionary<string, object?> Claims(params (string Name, object? Value)[] changes)
    {
        var now = Server.Time.GetUtcNow().ToUnixTimeSeconds();
        var claims = new Dictionary<string, object?>
        {
            ["iss"] = Issuer.Address,
            ["aud"] = "qgjob",
            ["sub"] = "repo:acme/shop:ref:refs/heads/main",
            ["repository"] = "acme/shop",
            ["ref"] = "refs/heads/main",
            ["iat"] = now,
            ["nbf"] = now - 600,
            ["exp"] = now + 300,
        };
        foreach (var (name, value) in changes)
        {
            if (value is null) claims.Remove(name);
            else claims[name] = value;
        }
        return claims;
    }

    public string Submitter() => Issuer.Token(Claims());

    public string Viewer() => Issuer.Token(Claims(("repository", "acme/docs")));

    public async Task<(int Status, string Detail)> SendAsync(HttpMethod method, string path, string token, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await Server.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType == "application/problem+json" && body.Length > 0
            ? JsonDocument.Parse(body).RootElement.GetProperty("detail").GetString()! : body);
    }

    public Task<(int Status, string Detail)> GetAsync(string path, string token) => SendAsync(HttpMethod.Get, path, token);

    public async ValueTask DisposeAsync()
    {
        owner.Dispose();
        await Server.DisposeAsync();
        await Issuer.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
