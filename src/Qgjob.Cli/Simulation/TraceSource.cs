using System.Text;
using Qgjob.Core.Simulation;

namespace Qgjob.Cli.Simulation;

/// <summary>Where a trace comes from and where it is kept.</summary>
internal static class TraceSource
{
    private const int MostDevices = 100_000;

    public static async Task<IReadOnlyList<TraceJob>> ReadAsync(Call call, SimulateOptions options, CancellationToken cancel)
    {
        var file = call.Value(options.Trace);
        var load = call.Value(options.Generate);
        var history = call.Value(options.FromHistory);
        if ((file is null ? 0 : 1) + (load is null ? 0 : 1) + (history ? 1 : 0) is not 1)
            throw CliException.Usage("Name one trace: --trace FILE, --generate LOAD or --from-history.", $"Loads are {string.Join(", ", Loads.Names)}.");
        RefuseWhatHasNoEffect(call, options, load is not null, history);
        if (load is not null) return Make(call, options, load);
        var jobs = history ? await OfServerAsync(call, options, cancel).ConfigureAwait(false) : OfFile(call, file!);
        return jobs.Count > 0 ? jobs
            : history ? throw new CliException(Core.Runs.ExitCode.General, "The server has run nothing in that time.", "Take more --days, or another org.")
            : throw CliException.Usage($"{Shown(file!)} has a header and no jobs.", "Each further line is one job.");
    }

    /// <summary>An option that is passed over would let somebody believe figures of something else, such as of one org.</summary>
    private static void RefuseWhatHasNoEffect(Call call, SimulateOptions options, bool made, bool history)
    {
        if (!history && (call.Value(options.Days) is not null || call.Value(options.Org) is not null))
            throw CliException.Usage("--days and --org-id choose from the server's history.", "Add --from-history, or leave them out.");
        if (!made && (call.Value(options.LoadDevices) is not null || call.Value(options.Noise) is not null))
            throw CliException.Usage("--load-devices and --noise are for made-up loads.", "Add --generate LOAD, or leave them out.");
    }

    /// <summary>Writes the trace to a file, or to standard output for <c>-</c>.</summary>
    public static void Write(Call call, string file, IReadOnlyList<TraceJob> jobs)
    {
        if (file == "-")
        {
            TraceCsv.Write(call.Out, jobs);
            return;
        }
        using var output = new StreamWriter(Path.Combine(call.World.CurrentFolder, file), append: false, new UTF8Encoding(false));
        TraceCsv.Write(output, jobs);
    }

    private static IReadOnlyList<TraceJob> Make(Call call, SimulateOptions options, string load)
    {
        if (!Loads.Names.Contains(load, StringComparer.Ordinal))
            throw CliException.Usage($"--generate: '{load}' is not known.", $"Choose from {string.Join(", ", Loads.Names)}.");
        var devices = call.Value(options.LoadDevices) ?? 200;
        if (devices is < 1 or > MostDevices) throw CliException.Usage($"--load-devices: {devices} is not from 1 to {MostDevices}.", "Loads are made for 200 devices unless told.");
        return Loads.Make(load, options.SeedOf(call), devices, options.NoiseOf(call));
    }

    private static IReadOnlyList<TraceJob> OfFile(Call call, string file)
    {
        var path = Path.Combine(call.World.CurrentFolder, file);
        if (file != "-" && !File.Exists(path)) throw CliException.Usage($"There is no file {path}.", "Give a CSV file, or - for standard input.");
        using var input = new StreamReader(file == "-" ? call.World.OpenIn() : File.OpenRead(path), Encoding.UTF8);
        return Parse(Shown(file), input);
    }

    private static async Task<IReadOnlyList<TraceJob>> OfServerAsync(Call call, SimulateOptions options, CancellationToken cancel)
    {
        var days = call.Value(options.Days) ?? 7;
        if (days is < 1 or > 3650) throw CliException.Usage($"--days: {days} is not from 1 to 3650.", "The last seven days are the default.");
        using var response = await call.Client.OpenTraceAsync(days, call.Value(options.Org), cancel).ConfigureAwait(false);
        using var input = new StreamReader(new MemoryStream(await response.Content.ReadAsByteArrayAsync(cancel).ConfigureAwait(false)), Encoding.UTF8);
        return Parse("The server's trace", input);
    }

    private static IReadOnlyList<TraceJob> Parse(string name, TextReader input)
    {
        try
        {
            return TraceCsv.Read(input);
        }
        catch (TraceFormatException e)
        {
            throw CliException.Usage($"{name}: {e.Message}", "'qgjob simulate --generate small --load-devices 1' prints a trace to compare with.");
        }
    }

    private static string Shown(string file) => file == "-" ? "Standard input" : file;
}
