using Qgjob.Client.Http;

namespace Qgjob.Cli.Configuration;

/// <summary>Where a GitHub Actions job gets OIDC tokens, so that it needs no secret.</summary>
/// <param name="Place">GitHub's address for them, made for this job.</param>
/// <param name="RequestToken">Opens that address.</param>
/// <param name="Audience">Whom they are for.</param>
internal sealed record ActionsOidc(Uri Place, string RequestToken, string Audience)
{
    private const string Url = "ACTIONS_ID_TOKEN_REQUEST_URL";
    private const string Token = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

    /// <param name="variable">The environment; null for what is unset or empty.</param>
    /// <param name="audience">As the server expects it.</param>
    public static ActionsOidc Read(Func<string, string?> variable, string audience)
    {
        if (variable(Url) is not { } url || variable(Token) is not { } token)
            throw CliException.Usage($"There is no token, and GitHub offers no OIDC token for '{audience}': {Url} and {Token} are not set.",
                "Give the workflow's job 'permissions: id-token: write' (pull requests from forks get none), or set QGJOB_TOKEN.");
        return Uri.TryCreate(url, UriKind.Absolute, out var place) && (place.Scheme == Uri.UriSchemeHttps || (place.Scheme == Uri.UriSchemeHttp && place.IsLoopback))
            ? new ActionsOidc(place, token, audience)
            : throw CliException.Usage($"{Url} is not an https address.", "GitHub sets it; nothing else should.");
    }

    public ActionsTokens Open(TimeProvider time) =>
        new(Place, RequestToken, Audience, time, new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(5) });
}
