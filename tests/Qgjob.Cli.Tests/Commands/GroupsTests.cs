using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;

namespace Qgjob.Cli.Tests.Commands;

public sealed class GroupsTests : IAsyncDisposable
{
    private readonly FakeServer server = new();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task At_80_columns_work_left_devices_and_installs_are_there_and_the_reason_is_whole()
    {
        const string Reason = "qualgent is over its share of the devices; 2 orgs that used less go first: acme, globex";
        server.On("GET /api/v1/groups", new ListOf<GroupView>(
        [
            new GroupView("g-0123456789abcdef", "qualgent", "xyz123", Target.Any, "platform=android", [], 41, 3720, 2, 2, 3, Reason)
            {
                Waiting = new WaitingView("org_share", Reason),
                ExpectedEnd = CliRun.Now.AddMinutes(34),
            },
            // A server that does not know kinds yet.
            new GroupView("g-0123456789abcde0", "qualgent", "xyz124", Target.Any, "", [], 1, 12, 0, 0, 0, "no device is free"),
        ]), WireJson.Default.ListOfGroupView);
        var narrow = await CliRun.OfAsync(["groups"], server.Url, width: 80, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(
            """
            GROUP               APP VERSION  QUEUED  WORK LEFT   DEVICES  INSTALLS
            g-0123456789abcdef  xyz123       41      1 h 02 min  2        3
                qualgent is over its share of the devices; 2 orgs that used less go first:
                acme, globex
            g-0123456789abcde0  xyz124       1       12 s        0        0
                no device is free

            """.ReplaceLineEndings("\n"), narrow.Out);
        var pipe = await CliRun.OfAsync(["groups"], server.Url, cancel: TestContext.Current.CancellationToken);
        Assert.Contains($"any platform=android  2       {Reason}\n", pipe.Out, StringComparison.Ordinal);
    }
}
