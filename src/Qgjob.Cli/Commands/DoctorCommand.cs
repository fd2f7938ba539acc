using System.CommandLine;
using Qgjob.Agent;
using Qgjob.Agent.Checks;
using Qgjob.Cli.Doctor;
using Qgjob.Cli.Output;
using Qgjob.Client.Projects;
using Qgjob.Core;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class DoctorCommand
{
    public static Command Create(Bind bind)
    {
        var project = new Option<string?>("--project") { Description = "The AppWright project (default: the nearest folder upward with a config)", HelpName = "DIR" };
        var data = new Option<string?>("--data") { Description = "The agent's own folder, where it is not the usual one", HelpName = "DIR" };
        var toolchain = new Option<string?>("--toolchain") { Description = "Where Appium is, where that is not the usual folder", HelpName = "DIR" };
        var adbPort = new Option<int?>("--adb-port") { Description = "Port of the adb server (default 5037)", HelpName = "PORT" };
        var command = new Command("doctor", "Looks at this machine, the project and the server, and says how to mend what is amiss; changes nothing")
        {
            project, data, toolchain, adbPort,
        };
        bind(command, async (call, cancel) =>
        {
            var options = new AgentOptions { Servers = call.Settings.Urls };
            if (call.Value(data) is { } own) options = options with { DataFolder = Path.GetFullPath(own, call.World.CurrentFolder) };
            if (call.Value(toolchain) is { } shared) options = options with { ToolchainFolder = Path.GetFullPath(shared, call.World.CurrentFolder) };
            if (call.Value(adbPort) is { } port) options = options with { AdbPort = port };
            IReadOnlyList<Finding> findings =
            [
                .. await AgentDoctor.CheckMachineAsync(options, call.World.Time, cancel).ConfigureAwait(false),
                .. Project(call, call.Value(project)),
                .. await ServerChecks.RunAsync(call, cancel).ConfigureAwait(false),
            ];
            Write(call, findings);
            return findings.Any(f => f.Level is FindingLevel.Problem) ? ExitCode.General : ExitCode.Passed;
        });
        return command;
    }

    private static IReadOnlyList<Finding> Project(Call call, string? named)
    {
        if ((named is null ? ProjectFolder.Find(call.World.CurrentFolder) : Path.GetFullPath(named, call.World.CurrentFolder)) is { } folder)
            return AgentDoctor.CheckProject(folder);
        // On a device host that is as it should be.
        return [Finding.Warning("project", "config", "There is no AppWright project in this folder or above it.", "To check one, run this in it or add --project DIR.")];
    }

    private static void Write(Call call, IReadOnlyList<Finding> findings)
    {
        var problems = findings.Count(f => f.Level is FindingLevel.Problem);
        var warnings = findings.Count(f => f.Level is FindingLevel.Warning);
        if (call.Json)
        {
            call.WriteJson("doctor", new DoctorDocument(problems, warnings,
                [.. findings.Select(f => new DoctorFinding(f.Area, f.Check, Words.Of(f.Level), f.What, f.Mend))]), CliJson.Default.DoctorDocument);
            return;
        }
        foreach (var area in findings.GroupBy(f => f.Area))
        {
            call.Out.WriteLine(area.Key);
            foreach (var finding in area)
            {
                call.Out.WriteLine($"  {Words.Of(finding.Level),-7}  {SafeText.Line(finding.What)}");
                if (finding.Mend is not null) call.Out.WriteLine($"           > {SafeText.Line(finding.Mend)}");
            }
        }
        call.Out.WriteLine();
        call.Out.WriteLine($"problems {problems}, warnings {warnings}");
    }
}
