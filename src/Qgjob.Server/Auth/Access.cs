using System.Net;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Auth;

/// <summary>Who may call: this machine without a token, or whoever has the token.</summary>
/// <param name="Token">Null: loopback only, and no token is asked for.</param>
internal sealed record Access(AccessToken? Token)
{
    /// <summary>In the data folder; beside the store, whichever that is.</summary>
    public const string FileName = "token.sha256";

    /// <param name="settings">A given token counts at every address; without one, addresses that others can reach get a token that is made here.</param>
    /// <param name="tell">Gets lines for people when a token is made.</param>
    /// <exception cref="SettingsException">The given token or the kept one cannot be used.</exception>
    public static Access Open(ServerSettings settings, Action<string> tell)
    {
        if (settings.Token is { } given) return new Access(given);
        // Whoever asks CI systems for tokens means others to call, maybe through a proxy on this machine.
        if (settings.Oidc is null && settings.Urls.Split(';').All(IsLoopback)) return new Access((AccessToken?)null);
        var file = Path.Combine(settings.DataFolder, FileName);
        return new Access(AccessToken.Ensure(file, token => tell(
            $"""
            {(settings.Oidc is null ? $"Other machines can reach {settings.Urls}" : "With --oidc others are meant to call")}, so every call needs a token. It is shown only this once:

              export QGJOB_TOKEN={token}

            Agents and people set it, too. If it gets lost: delete {file} and start again.
            """)));
    }

    /// <summary>The address of a listener stands for this machine alone.</summary>
    public static bool IsLoopback(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && IsLoopbackHost(uri.Host);

    /// <summary>A host's name, without its port: only names that cannot be made to mean another machine.</summary>
    public static bool IsLoopbackHost(string host) =>
        host.TrimEnd('.').Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
