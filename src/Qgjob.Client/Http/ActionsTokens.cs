using System.Buffers.Text;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Qgjob.Client.Http;

/// <summary>GitHub gives no OIDC token.</summary>
/// <param name="message">Why, for people.</param>
/// <param name="mayPass">It was a matter of the moment.</param>
/// <param name="inner">What happened.</param>
public sealed class ActionsTokenException(string message, bool mayPass, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>It was a matter of the moment: later it may give one.</summary>
    public bool MayPass { get; } = mayPass;
}

/// <summary>
/// A GitHub Actions job's OIDC tokens, one at a time: asked for when one is needed, kept until shortly before it ends
/// (they live about 5 minutes). Format: GitHub, "OpenID Connect reference", requesting the token with environment variables.
/// </summary>
public sealed class ActionsTokens : IDisposable
{
    private const int LargestAnswer = 64 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);
    /// <summary>Of a token that does not say how long it lives.</summary>
    private static readonly TimeSpan AssumedLife = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan[] Delays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)];

    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly HttpClient http;
    private readonly Uri place;
    private readonly string requestToken;
    private readonly TimeProvider time;
    private Token? current;

    /// <param name="place">ACTIONS_ID_TOKEN_REQUEST_URL.</param>
    /// <param name="requestToken">ACTIONS_ID_TOKEN_REQUEST_TOKEN.</param>
    /// <param name="audience">Whom the tokens are for, as the server expects it.</param>
    /// <param name="time">Clock of lives, limits and retries.</param>
    /// <param name="inner">Carries the requests.</param>
    public ActionsTokens(Uri place, string requestToken, string audience, TimeProvider time, HttpMessageHandler inner)
    {
        ArgumentNullException.ThrowIfNull(place);
        this.place = new Uri(place + (place.Query.Length == 0 ? "?" : "&") + "audience=" + Uri.EscapeDataString(audience));
        this.requestToken = requestToken;
        this.time = time;
        http = new HttpClient(inner) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LargestAnswer };
    }

    /// <summary>A token that lives for a while yet.</summary>
    /// <exception cref="ActionsTokenException">GitHub gives none.</exception>
    public async ValueTask<string> TakeAsync(CancellationToken cancel)
    {
        await gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (current is { } kept && Left(kept) > Margin) return kept.Text;
            try
            {
                var asked = time.GetTimestamp();
                var text = await AskAsync(cancel).ConfigureAwait(false);
                var life = LifeOf(text) ?? AssumedLife;
                // Of a short life half is used; else one that lives less than the margin would be asked for at every call.
                current = new Token(text, asked, life > 2 * Margin ? life : (life / 2) + Margin);
            }
            // The old one does for now, and GitHub may answer the next time.
            catch (ActionsTokenException) when (current is { } old && Left(old) > TimeSpan.Zero)
            {
            }
            return current!.Text;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The server did not take this one: the next call gets another.</summary>
    public void Drop(string token)
    {
        if (current is { } kept && kept.Text == token) current = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        http.Dispose();
        gate.Dispose();
    }

    private TimeSpan Left(Token token) => token.Life - time.GetElapsedTime(token.AskedAt);

    private async Task<string> AskAsync(CancellationToken cancel)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await AskOnceAsync(cancel).ConfigureAwait(false);
            }
            catch (ActionsTokenException e) when (e.MayPass && attempt < Delays.Length)
            {
                await Task.Delay(Delays[attempt], time, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task<string> AskOnceAsync(CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, place);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", requestToken);
            request.Headers.Accept.ParseAdd("application/json");
            using var response = await http.SendAsync(request, either.Token).ConfigureAwait(false);
            var status = (int)response.StatusCode;
            if (!response.IsSuccessStatusCode)
                throw new ActionsTokenException(string.Create(CultureInfo.InvariantCulture, $"GitHub gives no OIDC token: {place.Host} answered {status}."), status is 408 or 429 or >= 500);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(either.Token).ConfigureAwait(false));
            return answer.RootElement.ValueKind is JsonValueKind.Object && answer.RootElement.TryGetProperty("value", out var value)
                && value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 } text && text.All(c => c is > ' ' and <= '~')
                ? text
                : throw new ActionsTokenException($"GitHub gives no OIDC token: the answer of {place.Host} holds none.", false);
        }
        catch (JsonException e)
        {
            throw new ActionsTokenException($"GitHub gives no OIDC token: the answer of {place.Host} is no JSON.", false, e);
        }
        catch (HttpRequestException e)
        {
            throw new ActionsTokenException($"GitHub gives no OIDC token: {e.Message}", true, e);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new ActionsTokenException($"GitHub gives no OIDC token: {place.Host} did not answer within {Patience.TotalSeconds:0} s.", true, e);
        }
    }

    /// <summary>By its own two times: this machine's clock may be wrong. Nothing here trusts the token; the server does, or does not.</summary>
    private static TimeSpan? LifeOf(string jwt)
    {
        if (jwt.Split('.') is not [_, var payload, _]) return null;
        try
        {
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
            return claims.RootElement.ValueKind is JsonValueKind.Object
                && claims.RootElement.TryGetProperty("exp", out var exp) && exp.ValueKind is JsonValueKind.Number && exp.TryGetInt64(out var end)
                && claims.RootElement.TryGetProperty("iat", out var iat) && iat.ValueKind is JsonValueKind.Number && iat.TryGetInt64(out var start)
                && end > start && end - start < 86_400
                ? TimeSpan.FromSeconds(end - start)
                : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private sealed record Token(string Text, long AskedAt, TimeSpan Life);
}
