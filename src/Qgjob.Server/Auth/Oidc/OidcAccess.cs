using System.Globalization;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Auth.Oidc;

/// <summary>Takes CI systems' OIDC tokens. A refusal says what is wrong, for whoever has only a build's log, and never repeats the token.</summary>
internal sealed class OidcAccess : IDisposable
{
    private const int LongestToken = 16 * 1024;
    private const int LargestAnswer = 1 << 20;
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly string[] Algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];

    private readonly JsonWebTokenHandler handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = LongestToken };
    private readonly Dictionary<string, (OidcIssuer Settings, IssuerKeys Keys)> issuers;
    private readonly HttpClient http;
    private readonly TimeProvider time;

    public OidcAccess(ServerSettings settings, TimeProvider time)
    {
        this.time = time;
        // A redirect could lead to plain HTTP, or into the server's own network.
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            MaxResponseContentBufferSize = LargestAnswer,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        issuers = (settings.Oidc?.Issuers ?? []).ToDictionary(i => i.Issuer, i => (i, new IssuerKeys(i.Issuer, http, time)), StringComparer.Ordinal);
    }

    public bool IsOn => issuers.Count > 0;

    /// <summary>Three parts, the first of which begins as JSON does: no token that the server made.</summary>
    public static bool LooksLikeOne(string token) => token.StartsWith("eyJ", StringComparison.Ordinal) && token.Count(c => c == '.') == 2;

    /// <exception cref="RefusedException">401: it opens nothing here; 503: its issuer cannot be asked.</exception>
    public async ValueTask<Caller> AdmitAsync(string token, CancellationToken cancel)
    {
        var jwt = Parse(token);
        // First in words, from what it says of itself; then the library looks at all of it again, and at the signature.
        if (!Algorithms.Contains(jwt.Alg)) throw Refused($"is signed with '{Shown(jwt.Alg)}'; only {string.Join(" and ", Algorithms)} are taken");
        if (!issuers.TryGetValue(jwt.Issuer, out var issuer)) throw Refused($"comes from the issuer '{Shown(jwt.Issuer)}'; this server takes those of {string.Join(", ", issuers.Keys)}");
        if (!jwt.Audiences.Contains(issuer.Settings.Audience, StringComparer.Ordinal))
            throw Refused($"is for the audience '{Shown(string.Join(", ", jwt.Audiences))}'; this server expects '{issuer.Settings.Audience}'. Ask for it with QGJOB_OIDC_AUDIENCE or --oidc-audience");
        CheckTimes(jwt);
        if (string.IsNullOrEmpty(jwt.Kid)) throw Refused("does not say which key it is signed with (kid)");
        var key = await issuer.Keys.FindAsync(jwt.Kid, cancel)
            ?? throw Refused($"is signed with the key '{Shown(jwt.Kid)}', which {issuer.Settings.Issuer} does not have");
        await VerifyAsync(jwt, issuer.Settings, key);
        var claims = ClaimsOf(jwt);
        var rule = issuer.Settings.Rules.FirstOrDefault(r => r.Matches(claims))
            ?? throw Refused($"is in order, but no rule of this server's --oidc file is for {OidcRule.Origin(claims, issuer.Settings.Rules)}");
        return new Caller(rule.Role, rule.OrgId, Shown(jwt.Subject ?? ""));
    }

    public void Dispose()
    {
        foreach (var (_, keys) in issuers.Values) keys.Dispose();
        http.Dispose();
    }

    /// <summary>What a stranger wrote, short and on one line.</summary>
    public static string Shown(string text) => new string([.. text.Take(200).Select(c => char.IsControl(c) ? '?' : c)]) + (text.Length > 200 ? "…" : "");

    private static JsonWebToken Parse(string token)
    {
        if (token.Length > LongestToken) throw Refused($"is longer than {LongestToken} characters");
        try
        {
            var jwt = new JsonWebToken(token);
            // They are read when they are asked for, and are then of the wrong kind.
            _ = (jwt.Alg, jwt.Issuer, jwt.Audiences.Count(), jwt.ValidTo, jwt.ValidFrom, jwt.Kid);
            if (jwt.TryGetHeaderValue<object>("crit", out _)) throw Refused("demands an extension (crit) that this server does not know");
            return jwt;
        }
        // The library says by many exceptions that it is no token; none of them is about this server.
        catch (Exception e) when (e is not RefusedException)
        {
            throw Refused("is malformed");
        }
    }

    private void CheckTimes(JsonWebToken jwt)
    {
        var now = time.GetUtcNow();
        if (jwt.ValidTo == DateTime.MinValue) throw Refused("never expires (no exp)");
        if (now >= Utc(jwt.ValidTo) + Skew)
            throw Refused($"expired at {Told(Utc(jwt.ValidTo))}, and it is {Told(now)}. They live for minutes only: ask for a new one for each step; qgjob does so by itself with QGJOB_OIDC_AUDIENCE");
        if (jwt.ValidFrom != DateTime.MinValue && now < Utc(jwt.ValidFrom) - Skew)
            throw Refused($"is valid from {Told(Utc(jwt.ValidFrom))} on, and it is {Told(now)}: one of the two clocks is wrong");
    }

    private async Task VerifyAsync(JsonWebToken jwt, OidcIssuer issuer, SecurityKey key)
    {
        var result = await handler.ValidateTokenAsync(jwt, new TokenValidationParameters
        {
            ValidIssuer = issuer.Issuer,
            ValidAudience = issuer.Audience,
            IssuerSigningKey = key,
            ValidAlgorithms = Algorithms,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            TryAllIssuerSigningKeys = false,
            // The times are checked above, against the server's own clock.
            LifetimeValidator = (_, expires, _, _) => expires is not null,
        });
        if (!result.IsValid)
            throw Refused(result.Exception is SecurityTokenInvalidSignatureException ? $"is not signed by {issuer.Issuer}: the signature does not fit" : "is not valid");
    }

    private static Dictionary<string, string> ClaimsOf(JsonWebToken jwt)
    {
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(jwt.EncodedPayload));
        var claims = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var claim in payload.RootElement.EnumerateObject())
            if (claim.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
                claims[claim.Name] = claim.Value.ValueKind is JsonValueKind.String ? claim.Value.GetString()! : claim.Value.GetRawText();
        return claims;
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    private static string Told(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static RefusedException Refused(string why) => new(StatusCodes.Status401Unauthorized, "Unauthorized", $"The OIDC token {why}.");
}
