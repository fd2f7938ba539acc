using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Cli.Simulation;
using Qgjob.Core.Runs;
using Qgjob.Core.Simulation;

namespace Qgjob.Cli.Commands;

internal static class SimulateCommand
{
    public static Command Create(Bind bind)
    {
        var options = new SimulateOptions();
        var command = new Command("simulate", "Plays a trace of jobs through the real scheduling rule on made-up devices, in virtual time");
        options.AddTo(command);
        bind(command, async (call, cancel) =>
        {
            var devices = options.DevicesOf(call);
            // A wrong option is told before a long trace is read.
            _ = options.Read(call);
            var file = FileOf(call, options, devices);
            if (call.Value(options.Svg) is { } svg) CheckPicture(call, svg, devices);
            var jobs = await TraceSource.ReadAsync(call, options, cancel).ConfigureAwait(false);
            if (file is not null) TraceSource.Write(call, file, jobs);
            if (devices.Count > 0) await SimulateAsync(call, options, jobs, devices, cancel).ConfigureAwait(false);
            else if (file is not null and not "-") Told(call, file, jobs.Count);
            return ExitCode.Passed;
        });
        return command;
    }

    /// <summary>Whether there can be a picture, before the simulations that may take minutes.</summary>
    private static void CheckPicture(Call call, string svg, IReadOnlyList<int> devices)
    {
        if (devices.Count < 2) throw CliException.Usage("--svg draws a range of devices.", "Give one, such as --devices 10..100.");
        var path = Path.Combine(call.World.CurrentFolder, svg);
        if (Directory.Exists(path) || !Directory.Exists(Path.GetDirectoryName(path)))
            throw CliException.Usage($"--svg: {SafeText.Line(path)} cannot be a file.", "Name a file in a folder that is there.");
    }

    /// <summary>Where the trace goes. Without devices it is all there is to do: a made-up trace or a server's then goes to standard output.</summary>
    private static string? FileOf(Call call, SimulateOptions options, IReadOnlyList<int> devices)
    {
        var file = call.Value(options.JobsOut);
        if (devices.Count == 0 && file is null && call.Value(options.Trace) is null) file = "-";
        if (devices.Count == 0 && file is null) throw CliException.Usage("How many devices are there?", "Add --devices N, or a range such as --devices 10..100.");
        if (file == "-" && devices.Count > 0)
            throw CliException.Usage("Standard output cannot take both the trace and the result.", "Name a file with --jobs-out, or leave out --devices.");
        if (file == "-" && call.Json) throw CliException.Usage("A trace is CSV, not JSON.", "Leave out --json, name a file with --jobs-out, or add --devices N.");
        return file;
    }

    private static async Task SimulateAsync(
        Call call, SimulateOptions options, IReadOnlyList<TraceJob> jobs, IReadOnlyList<int> devices, CancellationToken cancel)
    {
        var settings = options.Read(call);
        var seed = options.SeedOf(call);
        var results = new List<SimulationResult>();
        foreach (var count in devices)
        {
            if (devices.Count > 1 && call.World.Redraw) call.Err.WriteLine($"simulating {Quantity.Of(count, "device")}");
            results.Add(await Simulator.RunAsync(jobs, settings with { Devices = count }, cancel).ConfigureAwait(false));
        }
        if (call.Value(options.Svg) is { } svg)
            await File.WriteAllTextAsync(Path.Combine(call.World.CurrentFolder, svg), SvgPlot.Draw(results), cancel).ConfigureAwait(false);
        if (call.Json && results.Count > 1)
            call.WriteJson("simulations", new SimulationsDocument([.. results.Select(r => SimulationDocument.Of(r, settings, seed))]), SimulationJson.Default.SimulationsDocument);
        else if (call.Json)
            call.WriteJson("simulation", SimulationDocument.Of(results[0], settings, seed), SimulationJson.Default.SimulationDocument);
        else if (results.Count > 1) SimulationReport.Write(call, results);
        else SimulationReport.Write(call, results[0]);
    }

    private static void Told(Call call, string file, int jobs)
    {
        if (call.Json) call.WriteJson("trace", new TraceDocument(file, jobs), SimulationJson.Default.TraceDocument);
        else call.Err.WriteLine($"{Quantity.Of(jobs, "job")} written to {SafeText.Line(file)}");
    }
}
