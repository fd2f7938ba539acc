using System.CommandLine;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

/// <summary>Gives a command the work it does.</summary>
internal delegate void Bind(Command command, Func<Call, CancellationToken, Task<ExitCode>> work);

/// <summary>The table of contents.</summary>
internal static class AllCommands
{
    public static IEnumerable<Command> Of(Bind bind) =>
    [
        SubmitCommand.Create(bind),
        StatusCommand.Create(bind),
        WaitCommand.Create(bind),
        LogsCommand.Create(bind),
        ListCommand.Create(bind),
        CancelCommand.Create(bind),
        RerunCommand.Create(bind),
        ResultsCommand.Create(bind),
        TestsCommand.Create(bind),
        QuarantineCommand.Create(bind),
        ReportCommand.Create(bind),
        ArtifactsCommand.Create(bind),
        AppsCommand.Create(bind),
        DevicesCommand.Create(bind),
        AgentsCommand.Create(bind),
        GroupsCommand.Create(bind),
        OrgsCommand.Create(bind),
        ResourcesCommand.Create(bind),
        HooksCommand.Create(bind),
        SimulateCommand.Create(bind),
        AgentCommand.Create(bind),
        VirtualPhoneCommand.Create(bind),
        DoctorCommand.Create(bind),
        CompletionCommands.Create(bind),
        VersionCommand.Create(bind),
    ];
}
