using System.Net.Http.Headers;
using System.Text;

namespace Qgjob.Agent.BrowserStack;

/// <summary>A BrowserStack account: where it is and who we are there. Its text never shows the key.</summary>
public sealed class BrowserStackAccount
{
    /// <summary>Environment variable with the user's name.</summary>
    public const string UserVariable = "BROWSERSTACK_USERNAME";

    /// <summary>Environment variable with the key.</summary>
    public const string KeyVariable = "BROWSERSTACK_ACCESS_KEY";

    /// <summary>Environment variable with the address of a stand-in for all of BrowserStack, for tests.</summary>
    public const string UrlVariable = "QGJOB_BROWSERSTACK_URL";

    /// <summary>BrowserStack's own variable for the tunnel to a network that is not public.</summary>
    public const string LocalVariable = "BROWSERSTACK_LOCAL";

    /// <summary>Names one of several tunnels.</summary>
    public const string LocalIdentifierVariable = "BROWSERSTACK_LOCAL_IDENTIFIER";

    private const string Hidden = "[hidden]";
    private readonly string key;
    private readonly string basic;

    private BrowserStackAccount(string user, string key, Uri api, Uri hub)
    {
        (User, this.key, Api, Hub) = (user, key, api, hub);
        basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{key}"));
    }

    internal string User { get; }

    /// <summary>The REST API: <c>https://api-cloud.browserstack.com</c>.</summary>
    internal Uri Api { get; }

    /// <summary>The WebDriver hub: <c>https://hub.browserstack.com</c>.</summary>
    internal Uri Hub { get; }

    internal AuthenticationHeaderValue Authorization => new("Basic", basic);

    /// <summary>Whether one of the two variables is set.</summary>
    public static bool IsMentioned(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        return environment(UserVariable) is { Length: > 0 } || environment(KeyVariable) is { Length: > 0 };
    }

    /// <summary>The account that the environment names.</summary>
    /// <param name="environment">Looks a variable up.</param>
    /// <exception cref="AgentStartException">A variable is missing or wrong; the message names it.</exception>
    public static BrowserStackAccount FromEnvironment(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var (user, key) = (environment(UserVariable)?.Trim(), environment(KeyVariable)?.Trim());
        List<string> missing = [];
        if (string.IsNullOrEmpty(user)) missing.Add(UserVariable);
        if (string.IsNullOrEmpty(key)) missing.Add(KeyVariable);
        if (missing.Count > 0)
            throw new AgentStartException($"BrowserStack: {string.Join(" and ", missing)} {(missing.Count == 1 ? "is" : "are")} not set. Both are in the account's settings at BrowserStack, and are read from the environment only.");
        if (environment(UrlVariable) is not { Length: > 0 } url)
            return new BrowserStackAccount(user!, key!, new Uri("https://api-cloud.browserstack.com"), new Uri("https://hub.browserstack.com"));
        return Uri.TryCreate(url, UriKind.Absolute, out var one) && (one.Scheme == Uri.UriSchemeHttps || (one.Scheme == Uri.UriSchemeHttp && one.IsLoopback))
            ? new BrowserStackAccount(user!, key!, one, one)
            : throw new AgentStartException($"{UrlVariable} must be an https address (or http on this machine), not '{url}'.");
    }

    /// <summary>Takes the credentials out of this process's environment, so that nothing that it starts gets them.</summary>
    public static void HideFromChildren()
    {
        Environment.SetEnvironmentVariable(UserVariable, null);
        Environment.SetEnvironmentVariable(KeyVariable, null);
    }

    /// <summary>The text without the key, in whatever form: what BrowserStack says may repeat what it was told.</summary>
    internal string Redact(string text) => text
        .Replace(basic, Hidden, StringComparison.Ordinal)
        .Replace(Uri.EscapeDataString(key), Hidden, StringComparison.Ordinal)
        .Replace(key, Hidden, StringComparison.Ordinal);

    /// <summary>Who may be told the credentials: BrowserStack's own hosts, or the stand-in.</summary>
    internal bool Trusts(Uri url) =>
        (url.Scheme == Api.Scheme && url.Authority == Api.Authority)
        || (url.Scheme == Uri.UriSchemeHttps && url.Host.EndsWith(".browserstack.com", StringComparison.OrdinalIgnoreCase));

    /// <summary>The user's name, never the key.</summary>
    public override string ToString() => $"BrowserStack account {User}";
}
