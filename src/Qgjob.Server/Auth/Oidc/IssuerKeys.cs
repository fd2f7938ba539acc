using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Qgjob.Server.Http;

namespace Qgjob.Server.Auth.Oidc;

/// <summary>An issuer's public keys: got when first needed, kept, and got again when they are old or a token names an unknown one.</summary>
internal sealed class IssuerKeys(string issuer, HttpClient http, TimeProvider time) : IDisposable
{
    /// <summary>A key that the issuer took back is not trusted for much longer.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);
    /// <summary>While the issuer cannot be reached, what it said last goes on to count.</summary>
    private static readonly TimeSpan Usable = TimeSpan.FromHours(24);
    /// <summary>Whoever invents key ids makes this server ask no more often.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private const int LeastRsaBits = 2048;

    private readonly SemaphoreSlim gate = new(1, 1);
    private volatile Known? known;
    private long? askedAt;
    private string problem = "";

    /// <summary>The key of that id; null when the issuer has none.</summary>
    /// <exception cref="RefusedException">503: the issuer cannot be asked.</exception>
    public async ValueTask<SecurityKey?> FindAsync(string id, CancellationToken cancel)
    {
        if (known is { } now && Age(now) < Fresh && now.ById.TryGetValue(id, out var key)) return key;
        await gate.WaitAsync(cancel);
        try
        {
            if (!(known is { } other && Age(other) < Fresh && other.ById.ContainsKey(id)) && (askedAt is not { } at || time.GetElapsedTime(at) >= Pause))
                await AskAsync();
        }
        finally
        {
            gate.Release();
        }
        return known is { } last && Age(last) < Usable ? last.ById.GetValueOrDefault(id)
            : throw new RefusedException(StatusCodes.Status503ServiceUnavailable, "Issuer unreachable",
                $"The server cannot get the keys of {issuer}, so it cannot check tokens of it: {problem} It asks again {Pause.TotalSeconds:0} s later; the server needs a way to that address (HTTPS_PROXY counts).");
    }

    public void Dispose() => gate.Dispose();

    private TimeSpan Age(Known keys) => time.GetElapsedTime(keys.At);

    private async Task AskAsync()
    {
        askedAt = time.GetTimestamp();
        // Not the caller's own end: others wait for the same answer.
        using var limit = new CancellationTokenSource(Patience, time);
        try
        {
            using var discovery = JsonDocument.Parse(await GetAsync(new Uri(issuer.TrimEnd('/') + "/.well-known/openid-configuration"), limit.Token));
            if (Text(discovery.RootElement, "issuer") is var named && named != issuer)
                throw new FormatException($"its discovery document is about '{OidcAccess.Shown(named)}'.");
            if (!Uri.TryCreate(Text(discovery.RootElement, "jwks_uri"), UriKind.Absolute, out var place) || !OidcSettings.IsSafe(place))
                throw new FormatException("its discovery document names no https jwks_uri.");
            var keys = new JsonWebKeySet(await GetAsync(place, limit.Token)).Keys.Where(IsUsable)
                .GroupBy(k => k.Kid, StringComparer.Ordinal).ToDictionary(g => g.Key, SecurityKey (g) => g.First(), StringComparer.Ordinal);
            if (keys.Count == 0) throw new FormatException("it has no key for RS256 or ES256.");
            known = new Known(keys, time.GetTimestamp());
        }
        catch (OperationCanceledException)
        {
            problem = $"it did not answer within {Patience.TotalSeconds:0} s.";
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or FormatException or ArgumentException or IOException)
        {
            problem = e.Message.TrimEnd('.') + ".";
        }
    }

    private async Task<string> GetAsync(Uri from, CancellationToken cancel)
    {
        using var answer = await http.GetAsync(from, cancel);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancel) : throw new HttpRequestException($"{from} answered {(int)answer.StatusCode}.");
    }

    private static string Text(JsonElement json, string name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";

    /// <summary>Public keys to check signatures with; a symmetric one in there would be known to everybody.</summary>
    private static bool IsUsable(JsonWebKey key) =>
        !string.IsNullOrEmpty(key.Kid) && (key.Use is null or "" or "sig")
        && ((key.Kty == "RSA" && key.N is not null && key.KeySize >= LeastRsaBits) || (key.Kty == "EC" && key.Crv == "P-256"));

    private sealed record Known(Dictionary<string, SecurityKey> ById, long At);
}
