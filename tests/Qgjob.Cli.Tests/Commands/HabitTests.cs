using Qgjob.Client.Wire;

namespace Qgjob.Cli.Tests.Commands;

/// <summary>What people type because other programs take it.</summary>
public sealed class HabitTests : IAsyncDisposable
{
    private readonly FakeServer server = new();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Task<CliRun> Run(params string[] args) => CliRun.OfAsync(args, server.Url);

    [Fact]
    public async Task Version_is_an_option_too()
    {
        Assert.Equal(await Run("version"), await Run("--version"));
        Assert.Equal(await Run("version", "--json"), await Run("--version", "--json"));
        Assert.StartsWith("qgjob ", (await Run("--version")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_is_a_command_too()
    {
        Assert.Equal(await Run("--help"), await Run("help"));
        Assert.Equal(await Run("submit", "--help"), await Run("help", "submit"));
        Assert.Equal(await Run("apps", "upload", "--help"), await Run("help", "apps", "upload"));
        Assert.Contains("--app-version-id", (await Run("help", "submit")).Out, StringComparison.Ordinal);
        var unknown = await Run("help", "stauts");
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("Did you mean status?", unknown.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_says_itself_whether_it_is_a_job_or_a_run()
    {
        server.On("GET /api/v1/runs/r-1", Views.Run(), WireJson.Default.RunView);
        server.On("GET /api/v1/jobs/j-1", Views.Job("j-1", "tests/a.spec.ts", Core.Jobs.JobStatus.Queued) with { Reason = "first\nsecond", Position = 1 }, WireJson.Default.JobView);
        Assert.Contains("run          r-1", (await Run("status", "--job-id", "r-1")).Out, StringComparison.Ordinal);
        var job = await Run("status", "--run-id", "j-1");
        Assert.Contains("job          j-1", job.Out, StringComparison.Ordinal);
        Assert.Contains("reason       first\n             second\n", job.Out, StringComparison.Ordinal);
        Assert.Contains("1 job of its group goes before it", job.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_of_artifacts_promises_what_there_is()
    {
        var help = (await Run("artifacts", "--help")).Out;
        foreach (var kept in (string[])["screenshot", "video", "the phone's log", "Appium", "report"]) Assert.Contains(kept, help, StringComparison.OrdinalIgnoreCase);
    }
}
