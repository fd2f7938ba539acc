using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Qgjob.Agent.Reporting;
using Qgjob.Agent.Tests.Leases;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Tests.Reporting;

[Collection(VirtualTime.Name)]
public sealed class LogUploaderTests : IDisposable
{
    private readonly FakeServer server = new();
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-log-").FullName;
    private readonly MemoryStream stored = new();
    private readonly AttemptLog log;
    private bool loseAnswers;

    public LogUploaderTests()
    {
        log = new AttemptLog(Path.Combine(folder, "log.txt"), limit: 1 << 20);
        server.Answers["/agent/v1/log"] = (path, body, _) =>
        {
            var offset = long.Parse(path[(path.IndexOf("offset=", StringComparison.Ordinal) + 7)..], CultureInfo.InvariantCulture);
            lock (stored)
            {
                // As the contract says: what is there already is ignored, gaps are refused by answering the length.
                if (offset <= stored.Length && offset + body.Length > stored.Length) stored.Write(body.AsSpan((int)(stored.Length - offset)));
                if (loseAnswers) throw new HttpRequestException("connection reset");
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
                {
                    Content = new StringContent(JsonSerializer.Serialize(new LogAppended(stored.Length), WireJson.Default.LogAppended)),
                });
            }
        };
    }

    public void Dispose()
    {
        log.Dispose();
        stored.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private string Stored
    {
        get { lock (stored) return Encoding.UTF8.GetString(stored.ToArray()); }
    }

    [Fact]
    public async Task Lines_arrive_whole_and_in_order_also_when_answers_are_lost()
    {
        var running = Uploader().RunAsync(TestContext.Current.CancellationToken);
        log.Write("one ünïcode");
        await server.UntilAsync(() => Stored == "one ünïcode\n");
        loseAnswers = true;
        log.Say("two\nthree");
        var before = server.Count("/agent/v1/log");
        await server.UntilAsync(() => server.Count("/agent/v1/log") > before + 2);
        loseAnswers = false;
        log.Write("four");
        log.Dispose();
        await server.UntilAsync(() => running.IsCompleted);
        await running;
        Assert.Equal("one ünïcode\n[qgjob] two\n[qgjob] three\nfour\n", Stored);
        Assert.Equal(await File.ReadAllTextAsync(log.Path, TestContext.Current.CancellationToken), Stored);
    }

    [Fact]
    public async Task A_server_that_has_less_gets_the_missing_part_again()
    {
        var running = Uploader().RunAsync(TestContext.Current.CancellationToken);
        log.Write("first");
        await server.UntilAsync(() => Stored == "first\n");
        lock (stored) stored.SetLength(0); // A failover that lost the latest writes.
        log.Write("second");
        log.Dispose();
        await server.UntilAsync(() => running.IsCompleted);
        Assert.Equal("first\nsecond\n", Stored);
    }

    [Fact]
    public async Task Much_output_travels_in_bounded_chunks()
    {
        for (var i = 0; i < 3000; i++) log.Write(new string('x', 100));
        log.Dispose();
        var running = Uploader().RunAsync(TestContext.Current.CancellationToken);
        await server.UntilAsync(() => running.IsCompleted);
        Assert.Equal(3000 * 101, Stored.Length);
        Assert.All(server.Calls, c => Assert.InRange(c.Body.Length, 1, 64 * 1024));
    }

    [Fact]
    public async Task A_stale_lease_ends_the_upload()
    {
        server.Refuse("/agent/v1/log", HttpStatusCode.Conflict);
        log.Write("nobody wants this");
        var uploader = Uploader();
        var running = uploader.RunAsync(TestContext.Current.CancellationToken);
        await server.UntilAsync(() => running.IsCompleted);
        Assert.Equal(1, server.Count("/agent/v1/log"));
        Assert.Null(uploader.Refused);
    }

    [Fact]
    public async Task What_the_disk_did_not_take_is_told_to_the_server_all_the_same()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "Only Linux has a file that is always full.");
        using var log = new AttemptLog("/dev/full");
        var running = new LogUploader(server.Agent, new LeaseRef("lab/phone-1", 4), log, server.Time, new Random(1)).RunAsync(TestContext.Current.CancellationToken);
        log.Write("one");
        log.Write("two");
        log.Dispose();
        await server.UntilAsync(() => running.IsCompleted);
        await running;
        Assert.StartsWith("[qgjob] 2 lines are missing here: No space left on device", Stored, StringComparison.Ordinal);
        Assert.EndsWith("\n", Stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_takes_no_more_is_told_apart_from_a_lost_lease()
    {
        server.Refuse("/agent/v1/log", HttpStatusCode.RequestEntityTooLarge);
        log.Write("too much");
        var uploader = Uploader();
        var running = uploader.RunAsync(TestContext.Current.CancellationToken);
        await server.UntilAsync(() => running.IsCompleted);
        Assert.Contains("413", uploader.Refused, StringComparison.Ordinal);
    }

    private LogUploader Uploader() => new(server.Agent, new LeaseRef("lab/phone-1", 4), log, server.Time, new Random(1));
}
