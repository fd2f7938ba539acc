using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Qgjob.Cli.Ci;
using Qgjob.Cli.Configuration;
using Qgjob.Cli.Output;
using Qgjob.Client;
using Qgjob.Client.Http;

namespace Qgjob.Cli;

/// <summary>One invocation of a command: its options, its server, its output.</summary>
internal sealed class Call(ParseResult parsed, GlobalOptions options, Surroundings world, GitHub? github) : IDisposable
{
    private ServerSettings? settings;
    private QgjobClient? client;

    public Surroundings World { get; } = world;

    /// <summary>The step of GitHub Actions that this runs in; null: none.</summary>
    public GitHub? GitHub { get; } = github;

    /// <summary>Standard output carries one JSON document and nothing else.</summary>
    public bool Json { get; } = parsed.GetValue(options.Json);

    public TextWriter Out => World.Out;

    public TextWriter Err => World.Err;

    public DateTimeOffset Now => World.Time.GetUtcNow();

    public ServerSettings Settings => settings ??= ServerSettings.Read(
        World, parsed.GetValue(options.Url) ?? parsed.GetValue(options.Server), parsed.GetValue(options.Token), project: World.CurrentFolder, parsed.GetValue(options.OidcAudience));

    public QgjobClient Client => client ??= new QgjobClient(Settings.Oidc is { } oidc
        ? Transport.With(Settings.Urls, oidc.Open(World.Time), World.Time)
        : new Transport(Settings.Urls, Settings.Token, World.Time));

    public T? Value<T>(Option<T> option) => parsed.GetValue(option);

    /// <summary>The option was typed, with or without a value.</summary>
    public bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };

    public T? Value<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>Values of an option that may be repeated; empty when it is not given.</summary>
    public IReadOnlyList<string> Values(Option<string[]> option) => parsed.GetValue(option) ?? [];

    /// <summary>The org from the flag, the environment or a config file.</summary>
    public string? OrgOrNull(Option<string?> option) => Value(option) ?? Settings.Org;

    public string Org(Option<string?> option) => Name("org", OrgOrNull(option)
        ?? throw CliException.Usage("No org is given.", "Add --org-id NAME, or set QGJOB_ORG."));

    /// <summary>The name of an org or an app version in the form that servers take, so that a wrong one fails before anything is sent.</summary>
    public static string Name(string what, string name) =>
        name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || "._-+@:~".Contains(c, StringComparison.Ordinal))
            ? name
            : throw CliException.Usage($"'{name}' cannot be the name of {(what[0] is 'a' or 'o' ? "an" : "a")} {what}.", "Names hold letters, digits and . _ - + @ : ~, at most 128.");

    public void WriteJson<T>(string kind, T value, JsonTypeInfo<T> type) => JsonOutput.Write(Out, kind, value, type);

    public void Dispose() => client?.Dispose();
}

/// <summary>Options of every command.</summary>
internal sealed class GlobalOptions
{
    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document on standard output", Recursive = true };
    public Option<string?> Url { get; } = new("--url") { Description = "The server's address (QGJOB_URL; default http://localhost:8000)", HelpName = "URL", Recursive = true };
    /// <summary>What many expect the option to be called, above all for several servers.</summary>
    public Option<string?> Server { get; } = new("--server") { HelpName = "URL", Recursive = true, Hidden = true };
    public Option<string?> Token { get; } = new("--token") { Description = "API token, where the server asks for one (QGJOB_TOKEN)", HelpName = "TOKEN", Recursive = true };
    /// <summary>For GitHub Actions alone, and usually set in the environment: not in every help.</summary>
    public Option<string?> OidcAudience { get; } = new("--oidc-audience") { HelpName = "NAME", Recursive = true, Hidden = true };
}
