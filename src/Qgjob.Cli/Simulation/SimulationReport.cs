using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Core;
using Qgjob.Core.Simulation;

namespace Qgjob.Cli.Simulation;

/// <summary>Simulations for people: a table with the ratios that a schedule is judged by, and bars for a range of devices.</summary>
internal static class SimulationReport
{
    private const int MostOrgs = 20;
    private const int WidestBar = 60;

    public static void Write(Call call, SimulationResult result)
    {
        call.Out.WriteLine($"{Quantity.Of(result.Jobs, "job")} on {Quantity.Of(result.Devices, "device")}, policy {Words.Of(result.Policy)}");
        call.Out.WriteLine();
        Columns.Write(call, ["", "RESULT", "AT LEAST", "RATIO"],
        [
            ["makespan", Time(result.MakespanSeconds), Time(result.MakespanBoundSeconds), Ratio(result.MakespanSeconds, result.MakespanBoundSeconds)],
            ["installs", Whole(result.Installs), Whole(result.InstallFloor), Ratio(result.Installs, result.InstallFloor)],
            ["mean turnaround", Time(result.MeanTurnaroundSeconds), "", ""],
            ["95 % within", Time(result.P95TurnaroundSeconds), "", ""],
            ["decisions", Whole(result.Decisions), "", ""],
            ["one decision", string.Create(CultureInfo.InvariantCulture, $"{result.DecisionMicrosecondsMean:0.0} µs"), "", ""],
        ]);
        if (result.Orgs.Count < 2) return;
        call.Out.WriteLine();
        Columns.Write(call, ["ORG", "MEAN TURNAROUND", "LONGEST WAIT"], result.Orgs.OrderByDescending(o => o.MeanTurnaroundSeconds).Take(MostOrgs)
            .Select(o => (IReadOnlyList<string?>)[o.OrgId, Time(o.MeanTurnaroundSeconds), Time(o.MaxWaitSeconds)]));
        if (result.Orgs.Count > MostOrgs) call.Out.WriteLine($"and {result.Orgs.Count - MostOrgs} more; --json lists all");
    }

    public static void Write(Call call, IReadOnlyList<SimulationResult> results)
    {
        call.Out.WriteLine($"{Quantity.Of(results[0].Jobs, "job")}, policy {Words.Of(results[0].Policy)}");
        call.Out.WriteLine();
        Columns.Write(call, ["DEVICES", "MAKESPAN", "/ BOUND", "INSTALLS", "/ FLOOR", "MEAN TURNAROUND"], results.Select(r => (IReadOnlyList<string?>)
        [
            Whole(r.Devices), Time(r.MakespanSeconds), Ratio(r.MakespanSeconds, r.MakespanBoundSeconds),
            Whole(r.Installs), Ratio(r.Installs, r.InstallFloor), Time(r.MeanTurnaroundSeconds),
        ]));
        Plot(call, "makespan", results, r => r.MakespanSeconds, Time);
        Plot(call, "installs", results, r => r.Installs, v => Whole((long)v));
        Plot(call, "mean turnaround", results, r => r.MeanTurnaroundSeconds, Time);
    }

    private static void Plot(Call call, string title, IReadOnlyList<SimulationResult> results, Func<SimulationResult, double> value, Func<double, string> show)
    {
        var most = results.Max(value);
        var devices = results.Max(r => Whole(r.Devices).Length);
        var shown = results.Max(r => show(value(r)).Length);
        var room = Math.Clamp((call.World.OutWidth() ?? 80) - devices - shown - 4, 10, WidestBar);
        call.Out.WriteLine();
        call.Out.WriteLine($"{title} by devices");
        foreach (var result in results)
        {
            var length = most > 0 ? (int)Math.Round(room * value(result) / most) : 0;
            call.Out.WriteLine($"{Whole(result.Devices).PadLeft(devices)}  {new string('█', length)} {show(value(result))}");
        }
    }

    /// <summary>A bound of 134.9999 is what a sum of 135 looks like.</summary>
    private static string Time(double seconds) => Durations.Show(Math.Round(seconds, 1));

    private static string Ratio(double value, double least) => least > 0 ? string.Create(CultureInfo.InvariantCulture, $"{value / least:0.000}") : "";

    private static string Whole(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);
}
