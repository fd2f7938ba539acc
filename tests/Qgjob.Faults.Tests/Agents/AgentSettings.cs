using System.Globalization;

namespace Qgjob.Faults.Tests.Agents;

/// <summary>What an agent process is told, in its environment.</summary>
/// <param name="Name">Also the first part of its phones' ids.</param>
/// <param name="Folder">Its own: id, outbox, attempts.</param>
/// <param name="Phones">How many it has.</param>
/// <param name="Servers">Any of them serves it.</param>
/// <param name="PhoneLogs">Folder of what happened on which phone.</param>
internal sealed record AgentSettings(string Name, string Folder, int Phones, IReadOnlyList<Uri> Servers, string PhoneLogs)
{
    private const string Prefix = "QGJOB_FAULTS_AGENT";

    /// <summary>Ids of phones that move between agents, in place of the usual ones.</summary>
    public IReadOnlyList<string> Ids { get; init; } = [.. Enumerable.Range(1, Phones).Select(i => $"{Name}/phone-{i}")];

    /// <summary>What it heard of its finishes.</summary>
    public string Finishes => Path.Combine(Folder, "finishes.log");

    public static bool IsAgent => Environment.GetEnvironmentVariable(Prefix) is { Length: > 0 };

    public IReadOnlyDictionary<string, string> ToEnvironment() => new Dictionary<string, string>
    {
        [Prefix] = Name,
        [Prefix + "_FOLDER"] = Folder,
        [Prefix + "_PHONES"] = Phones.ToString(CultureInfo.InvariantCulture),
        [Prefix + "_IDS"] = string.Join(' ', Ids),
        [Prefix + "_SERVERS"] = string.Join(' ', Servers),
        [Prefix + "_LOGS"] = PhoneLogs,
        // A JIT that never looks twice starts sooner, and these processes live for seconds.
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_gcServer"] = "0",
    };

    public static AgentSettings FromEnvironment() => new(
        Get(""), Get("_FOLDER"), int.Parse(Get("_PHONES"), CultureInfo.InvariantCulture),
        [.. Get("_SERVERS").Split(' ').Select(s => new Uri(s))], Get("_LOGS"))
    {
        Ids = Get("_IDS").Split(' '),
    };

    private static string Get(string name) =>
        Environment.GetEnvironmentVariable(Prefix + name) ?? throw new InvalidOperationException($"{Prefix}{name} is not set.");
}
