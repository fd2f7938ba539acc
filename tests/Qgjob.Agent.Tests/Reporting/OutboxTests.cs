using Qgjob.Agent.Leases;
using Qgjob.Agent.Reporting;
using Qgjob.Agent.Tests.Leases;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Agent.Tests.Reporting;

[Collection(VirtualTime.Name)]
public sealed class OutboxTests : IDisposable
{
    private static readonly WireJson Json = WireJson.Default;
    private readonly FakeServer _server = new();
    private readonly RecordedConsole _console = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("qgjob-outbox-").FullName;
    private readonly List<FinishItem> _got = [];
    private bool _accepts = true;

    public OutboxTests() => _server.On("/agent/v1/finish", Json.FinishRequest, Json.FinishResponse, r =>
    {
        _got.AddRange(r.Items);
        return new FinishResponse([.. r.Items.Select(_ => _accepts)]);
    });

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_result_is_delivered_and_leaves_nothing_on_disk()
    {
        Assert.True(await New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken));
        Assert.Equal("f-1", Assert.Single(_got).FinishId);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_stale_lease_ends_the_matter()
    {
        _accepts = false;
        Assert.False(await New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task The_same_finish_is_repeated_until_the_server_is_back()
    {
        _server.Unreachable = true;
        var delivering = New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken);
        await _server.UntilAsync(() => _server.Count("/agent/v1/finish") > 20, TimeSpan.FromMilliseconds(250));
        Assert.False(delivering.IsCompleted);
        _server.Unreachable = false;
        await _server.UntilAsync(() => delivering.IsCompleted, TimeSpan.FromMilliseconds(250));
        Assert.True(await delivering);
        Assert.Equal("f-1", Assert.Single(_got).FinishId);
    }

    [Fact]
    public async Task What_could_not_be_delivered_is_delivered_after_a_restart()
    {
        using var quit = new CancellationTokenSource();
        _server.Unreachable = true;
        var delivering = New().DeliverAsync(Item("f-1"), quit.Token);
        await _server.UntilAsync(() => _server.Count("/agent/v1/finish") > 5, TimeSpan.FromMilliseconds(250));
        await quit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delivering);
        Assert.Single(Directory.GetFiles(_folder));

        _server.Unreachable = false;
        Assert.Equal(1, await New().DeliverOldAsync(TestContext.Current.CancellationToken));
        var item = Assert.Single(_got);
        Assert.Equal(Item("f-1").Lease, item.Lease);
        Assert.Equal(AttemptOutcome.Failed, item.End.Outcome);
        Assert.Equal("boom", Assert.Single(item.End.Tests).Error);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_damaged_file_is_dropped()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "f-2.json"), "{", TestContext.Current.CancellationToken);
        Assert.Equal(0, await New().DeliverOldAsync(TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(_folder));
    }

    private Outbox New() => new(_server.Agent, _folder, new ServerNews(_console), _server.Time, new Random(1));

    private static FinishItem Item(string id) => new(new LeaseRef("lab/phone-1", 9), id, new AttemptEnd(
        AttemptOutcome.Failed, "1 test failed", 3.5, [new TestResult(["login", "works"], "tests/a.spec.ts", 3, TestStatus.Failed, 12, Error: "boom")]));
}
