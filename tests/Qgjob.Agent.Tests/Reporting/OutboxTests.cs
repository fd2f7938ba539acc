using System.Net;
using System.Text.Json;
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
    private readonly FakeServer server = new();
    private readonly RecordedConsole console = new();
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-outbox-").FullName;
    private readonly List<FinishItem> got = [];
    private bool accepts = true;

    public OutboxTests() => server.On("/agent/v1/finish", Json.FinishRequest, Json.FinishResponse, r =>
    {
        got.AddRange(r.Items);
        return new FinishResponse([.. r.Items.Select(_ => accepts)]);
    });

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_result_is_delivered_and_leaves_nothing_on_disk()
    {
        Assert.Equal(Delivery.Accepted, await New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken));
        Assert.Equal("f-1", Assert.Single(got).FinishId);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task A_stale_lease_ends_the_matter()
    {
        accepts = false;
        Assert.Equal(Delivery.TooLate, await New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task The_same_finish_is_repeated_until_the_server_is_back()
    {
        server.Unreachable = true;
        var delivering = New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken);
        await server.UntilAsync(() => server.Count("/agent/v1/finish") > 20, TimeSpan.FromMilliseconds(250));
        Assert.False(delivering.IsCompleted);
        server.Unreachable = false;
        await server.UntilAsync(() => delivering.IsCompleted, TimeSpan.FromMilliseconds(250));
        Assert.Equal(Delivery.Accepted, await delivering);
        Assert.Equal("f-1", Assert.Single(got).FinishId);
    }

    [Fact]
    public async Task What_could_not_be_delivered_is_delivered_after_a_restart()
    {
        using var quit = new CancellationTokenSource();
        server.Unreachable = true;
        var delivering = New().DeliverAsync(Item("f-1"), quit.Token);
        await server.UntilAsync(() => server.Count("/agent/v1/finish") > 5, TimeSpan.FromMilliseconds(250));
        await quit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delivering);
        Assert.Single(Directory.GetFiles(folder));

        server.Unreachable = false;
        Assert.Equal(1, await New().DeliverOldAsync(TestContext.Current.CancellationToken));
        var item = Assert.Single(got);
        Assert.Equal(Item("f-1").Lease, item.Lease);
        Assert.Equal(AttemptOutcome.Failed, item.End.Outcome);
        Assert.Equal("boom", Assert.Single(item.End.Tests).Error);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task A_damaged_file_is_dropped()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "f-2.json"), "{", TestContext.Current.CancellationToken);
        Assert.Equal(0, await New().DeliverOldAsync(TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task A_full_disk_does_not_keep_a_result_from_the_server()
    {
        var unwritable = Path.Combine(folder, "file");
        await File.WriteAllTextAsync(unwritable, "", TestContext.Current.CancellationToken);
        Assert.Equal(Delivery.Accepted, await New(unwritable).DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken));
        Assert.Equal("boom", Assert.Single(Assert.Single(got).End.Tests).Error);
        Assert.Contains("sent from memory", Assert.Single(console.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_kept_in_memory_is_written_at_the_end_if_there_is_room_by_then()
    {
        using var quit = new CancellationTokenSource();
        var later = Path.Combine(folder, "later");
        await File.WriteAllTextAsync(later, "", TestContext.Current.CancellationToken);
        server.Unreachable = true;
        var delivering = New(later).DeliverAsync(Item("f-1"), quit.Token);
        await server.UntilAsync(() => server.Count("/agent/v1/finish") > 5, TimeSpan.FromMilliseconds(250));
        File.Delete(later);
        await quit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delivering);
        Assert.Equal("f-1.json", Path.GetFileName(Assert.Single(Directory.GetFiles(later))));
    }

    [Fact]
    public async Task A_wrong_token_keeps_the_result_and_it_is_sent_again_slowly()
    {
        var answer = server.Answers["/agent/v1/finish"];
        server.Refuse("/agent/v1/finish", HttpStatusCode.Unauthorized);
        var start = server.Time.GetTimestamp();
        var delivering = New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken);
        await server.UntilAsync(() => server.Count("/agent/v1/finish") == 4, TimeSpan.FromMilliseconds(500));
        Assert.InRange(server.Time.GetElapsedTime(start), TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(95));
        Assert.False(delivering.IsCompleted);
        Assert.Single(Directory.GetFiles(folder));
        Assert.Contains("--token", Assert.Single(console.Lines), StringComparison.Ordinal);

        server.Answers["/agent/v1/finish"] = answer;
        await server.UntilAsync(() => delivering.IsCompleted, TimeSpan.FromMilliseconds(500));
        Assert.Equal(Delivery.Accepted, await delivering);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task A_wrong_token_at_the_start_leaves_old_results_where_they_are()
    {
        await File.WriteAllBytesAsync(
            Path.Combine(folder, "f-1.json"), JsonSerializer.SerializeToUtf8Bytes(new FinishRequest([Item("f-1")]), Json.FinishRequest), TestContext.Current.CancellationToken);
        server.Refuse("/agent/v1/finish", HttpStatusCode.Unauthorized);
        Assert.Equal(0, await New().DeliverOldAsync(TestContext.Current.CancellationToken));
        Assert.Single(Directory.GetFiles(folder));
        Assert.Contains("401", Assert.Single(console.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(HttpStatusCode.BadRequest)]
    public async Task When_the_details_are_refused_the_verdict_arrives_without_them(HttpStatusCode status)
    {
        var answer = server.Answers["/agent/v1/finish"];
        server.Answers["/agent/v1/finish"] = (path, body, cancel) =>
            JsonSerializer.Deserialize(body, Json.FinishRequest)!.Items[0].End.Tests.Count > 0 ? Task.FromResult(new HttpResponseMessage(status)) : answer(path, body, cancel);
        Assert.Equal(Delivery.Accepted, await New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken));
        var end = Assert.Single(got).End;
        Assert.Equal(AttemptOutcome.Failed, end.Outcome);
        Assert.Equal(3.5, end.RunSeconds);
        Assert.StartsWith("1 test failed\nDetails were left out, since the server refused them:", end.Reason, StringComparison.Ordinal);
        Assert.Contains("without them", Assert.Single(console.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_server_takes_in_no_form_is_said_and_not_repeated_for_ever()
    {
        server.Refuse("/agent/v1/finish", HttpStatusCode.BadRequest);
        Assert.Equal(Delivery.Refused, await New().DeliverAsync(Item("f-1"), TestContext.Current.CancellationToken));
        Assert.Equal(2, server.Count("/agent/v1/finish"));
        Assert.Contains("refuses a result (Failed)", console.Lines.Last(), StringComparison.Ordinal);
    }

    private Outbox New(string? folder = null) => new(server.Agent, folder ?? this.folder, new ServerNews(console), console, server.Time, new Random(1));

    private static FinishItem Item(string id) => new(new LeaseRef("lab/phone-1", 9), id, new AttemptEnd(
        AttemptOutcome.Failed, "1 test failed", 3.5, [new TestResult(["login", "works"], "tests/a.spec.ts", 3, TestStatus.Failed, 12, Error: "boom")]));
}
