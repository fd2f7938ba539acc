using System.CommandLine;
using System.Globalization;
using Qgjob.Core;
using Qgjob.Core.Simulation;

namespace Qgjob.Cli.Simulation;

/// <summary>The options of <c>qgjob simulate</c>.</summary>
internal sealed class SimulateOptions
{
    private readonly Option<string?> devices = new("--devices") { Description = "How many devices there are: a number, or a range such as 10..100 or 10..100:5", HelpName = "N" };
    private readonly Option<string?> policy = new("--policy") { Description = "qgjob (the real rule, default), fifo or sticky, to compare with", HelpName = "POLICY" };
    private readonly Option<int?> seed = new("--seed") { Description = "Makes another load of the same kind (default 0)", HelpName = "N" };
    private readonly Option<string?> fairness = new("--fairness") { Description = "on (default), or off: as if all jobs were of one org", HelpName = "WORD" };

    public Option<string?> Trace { get; } = new("--trace") { Description = "The trace, a CSV file; - reads standard input", HelpName = "FILE" };
    public Option<string?> Generate { get; } = new("--generate") { Description = $"A made-up load: {string.Join(", ", Loads.Names)}", HelpName = "LOAD" };
    public Option<int?> LoadDevices { get; } = new("--load-devices") { Description = "How many devices a made-up load is to keep busy (default 200)", HelpName = "N" };
    public Option<string?> Noise { get; } = new("--noise") { Description = "How far a made-up load's estimates are off (default 0.3)", HelpName = "SHARE" };
    public Option<bool> FromHistory { get; } = new("--from-history") { Description = "What the server has run lately" };
    public Option<int?> Days { get; } = new("--days") { Description = "How many days of history (default 7)", HelpName = "N" };
    public Option<string?> Org { get; } = new("--org-id", "--org") { Description = "Only this org's history", HelpName = "ORG" };
    public Option<string?> JobsOut { get; } = new("--jobs-out") { Description = "Write the trace to this file; - is standard output", HelpName = "FILE" };
    public Option<string?> Svg { get; } = new("--svg") { Description = "Draw a range of devices into this file", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Trace, Generate, LoadDevices, Noise, FromHistory, Days, Org, devices, policy, fairness, seed, JobsOut, Svg])
            command.Options.Add(option);
    }

    /// <summary>The numbers of devices to simulate; none when only the trace is wanted.</summary>
    public IReadOnlyList<int> DevicesOf(Call call) => call.Value(devices) is { } text ? DeviceCounts.Parse(text) : [];

    public int SeedOf(Call call) => call.Value(seed) ?? 0;

    public double NoiseOf(Call call) =>
        call.Value(Noise) is not { } text ? 0.3
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) && share <= 3 ? share
        : throw CliException.Usage($"--noise: '{text}' is not a number from 0 to 3.", "0.3 means that estimates are about 30 % off.");

    /// <summary>What to simulate with, for any number of devices.</summary>
    public SimulationOptions Read(Call call) => new()
    {
        Devices = 1,
        Policy = Choice("--policy", call.Value(policy), PolicyKind.Qgjob),
        Fairness = Choice("--fairness", call.Value(fairness), OnOff.On) is OnOff.On,
    };

    private static T Choice<T>(string option, string? text, T usual) where T : struct, Enum =>
        text is null ? usual
        : Words.TryParse<T>(text.Trim().ToLowerInvariant(), out var value) ? value
        : throw CliException.Usage($"{option}: '{text}' is not known.", $"Choose from {string.Join(", ", Words.All<T>())}.");

    private enum OnOff
    {
        On,
        Off,
    }
}
