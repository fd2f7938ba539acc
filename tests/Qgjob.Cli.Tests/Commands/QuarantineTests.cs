using System.Text.Json;
using Qgjob.Client.Wire;

namespace Qgjob.Cli.Tests.Commands;

public sealed class QuarantineTests : IAsyncDisposable
{
    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private Task<CliRun> Run(params string[] line) => CliRun.OfAsync(["quarantine", .. line, "--org-id", "o"], server.Url, folder.Path, cancel: TestContext.Current.CancellationToken);

    private QuarantineOrder Sent() => JsonSerializer.Deserialize(server.Last("POST ").Body, WireJson.Default.QuarantineOrder)!;

    private void Known(params TestView[] tests) => server
        .On("GET /api/v1/orgs/o/tests", new ListOf<TestView>(tests), WireJson.Default.ListOfTestView)
        .On("POST /api/v1/orgs/o/quarantine", Views.Quarantined, WireJson.Default.QuarantineView);

    [Fact]
    public async Task The_list_tells_how_often_why_who_and_until_when()
    {
        server.On("GET /api/v1/orgs/o/quarantine", new ListOf<QuarantineView>([Views.Quarantined, Views.Quarantined with
        {
            QuarantineId = "q-2",
            Rates = null,
            Until = CliRun.Now.AddDays(-3),
            Ended = true,
        }]), WireJson.Default.ListOfQuarantineView);
        Assert.Equal(
            """
            ID   FAILED  UNTIL                 BY            FILE             TEST             REASON
            q-1  2 of 9  2030-01-15 12:00 UTC  anna (owner)  tests/a.spec.ts  the list › adds  flaky bank
            q-2  -       ended 3 days ago      anna (owner)  tests/a.spec.ts  the list › adds  flaky bank

            """, (await Run("list")).Out);
    }

    [Fact]
    public async Task A_title_alone_is_enough_where_one_known_test_has_it()
    {
        Known(Views.Test, Views.Test with { Project = "ios" });
        var run = await Run("add", "adds", "--reason", "flaky bank");
        Assert.Equal((0, "q-1: the list › adds in tests/a.spec.ts, until 2030-01-15 12:00 UTC\n", ""), (run.ExitCode, run.Out, run.Err));
        Assert.Equal(("tests/a.spec.ts", "the list › adds", "flaky bank", null), (Sent().File, Sent().Title, Sent().Reason, Sent().Until));

        Known(Views.Test, Views.Test with { File = "tests/b.spec.ts" });
        run = await Run("add", "the list › adds", "--reason", "x");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("2 tests are called 'the list › adds'.", run.Err, StringComparison.Ordinal);
        Assert.Contains("tests/b.spec.ts: the list › adds", run.Err, StringComparison.Ordinal);
        run = await Run("add", "add", "--reason", "x");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("No result that is kept is of a test 'add'.", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_and_patterns_are_taken_as_they_are_and_an_unknown_test_is_said()
    {
        Known();
        var run = await Run("add", "the list › adds", "--file", "tests/c.spec.ts", "--reason", "x", "--until", "2030-02-01");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("No result that is kept is of such a test", run.Err, StringComparison.Ordinal);
        Assert.Equal(("tests/c.spec.ts", new DateTimeOffset(2030, 2, 1, 0, 0, 0, TimeSpan.Zero)), (Sent().File, Sent().Until));
        run = await Run("add", "pays *", "--reason", "x", "--until", "7d");
        Assert.Equal((0, "", "*", "pays *", CliRun.Now.AddDays(7)), (run.ExitCode, run.Err, Sent().File, Sent().Title, Sent().Until));
        foreach (var (wrong, said) in new[] { ("soon", "not a duration"), ("2030-13-01", "is no date") })
            Assert.Contains(said, (await Run("add", "pays *", "--reason", "x", "--until", wrong)).Err, StringComparison.Ordinal);
        Assert.Contains("--reason WHY", (await Run("add", "pays *")).Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entry_goes_by_id_or_title()
    {
        server.On("GET /api/v1/orgs/o/quarantine", new ListOf<QuarantineView>([Views.Quarantined, Views.Quarantined with { QuarantineId = "q-2", File = "tests/b.spec.ts" }]), WireJson.Default.ListOfQuarantineView)
            .On("DELETE /api/v1/orgs/o/quarantine/q-2", 204);
        Assert.Equal("removed q-2: the list › adds in tests/b.spec.ts\n", (await Run("remove", "q-2")).Out);
        Assert.Equal(0, (await Run("remove", "the list › adds", "--file", "tests/b.spec.ts")).ExitCode);
        var run = await Run("remove", "the list › adds");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("q-1 in tests/a.spec.ts; q-2 in tests/b.spec.ts", run.Err, StringComparison.Ordinal);
        run = await Run("remove", "q-3");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("'qgjob quarantine list' shows them.", run.Err, StringComparison.Ordinal);
    }
}
