using Qgjob.Client.Http;

namespace Qgjob.Cli.Configuration;

/// <summary>Which server, as whom: flag, else environment, else the project's qgjob.json, else the person's config.json.</summary>
/// <param name="Urls">Addresses of servers on one store: the first, or else the next that can be reached.</param>
/// <param name="Token">API token, or null.</param>
/// <param name="Org">The org, or null.</param>
/// <param name="Oidc">Without a token: GitHub's, or null.</param>
internal sealed record ServerSettings(IReadOnlyList<Uri> Urls, string? Token, string? Org, ActionsOidc? Oidc = null)
{
    public const string DefaultUrl = "http://localhost:8000";

    public static ServerSettings Read(Surroundings world, string? url, string? token, string project, string? oidcAudience = null)
    {
        var own = ConfigFile.Read(Path.Combine(world.ConfigFolder, "qgjob", "config.json"));
        var ofProject = ConfigFile.FindUpward(project);
        var given = url ?? Variable(world, "QGJOB_URL") ?? Variable(world, "QGJOB_SERVER");
        var address = given ?? ofProject?.Url ?? own?.Url ?? DefaultUrl;
        // A project that somebody else wrote could name any server. It must not get the person's own token.
        var ownToken = given is null && ofProject?.Url is { } named && named != own?.Url ? null : own?.Token;
        token = token ?? Variable(world, "QGJOB_TOKEN") ?? ofProject?.Token ?? ownToken;
        return new ServerSettings(
            ParseUrls(address, given is null ? (ofProject?.Url is not null ? ofProject.Path : own?.Path) : null),
            token,
            Variable(world, "QGJOB_ORG") ?? ofProject?.Org ?? own?.Org,
            token is null && (oidcAudience ?? Variable(world, "QGJOB_OIDC_AUDIENCE")) is { } audience ? ActionsOidc.Read(name => Variable(world, name), audience) : null);
    }

    private static string? Variable(Surroundings world, string name) => world.Environment(name) is { Length: > 0 } set ? set : null;

    private static IReadOnlyList<Uri> ParseUrls(string text, string? file) =>
        ServerList.TryParse(text) ?? throw CliException.Usage(
            $"'{text}'{(file is null ? "" : $" in {file}")} is not the address of a server.",
            $"Give an address such as {DefaultUrl} with --url or QGJOB_URL; several servers of one store are joined by commas.");
}
