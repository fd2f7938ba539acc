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
    private readonly FakeServer _server = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("qgjob-log-").FullName;
    private readonly MemoryStream _stored = new();
    private readonly AttemptLog _log;
    private bool _loseAnswers;

    public LogUploaderTests()
    {
        _log = new AttemptLog(Path.Combine(_folder, "log.txt"), limit: 1 << 20);
        _server.Answers["/agent/v1/log"] = (path, body, _) =>
        {
            var offset = long.Parse(path[(path.IndexOf("offset=", StringComparison.Ordinal) + 7)..], CultureInfo.InvariantCulture);
            lock (_stored)
            {
                // As the contract says: what is there already is ignored, gaps are refused by answering the length.
                if (offset <= _stored.Length && offset + body.Length > _stored.Length) _stored.Write(body.AsSpan((int)(_stored.Length - offset)));
                if (_loseAnswers) throw new HttpRequestException("connection reset");
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
                {
                    Content = new StringContent(JsonSerializer.Serialize(new LogAppended(_stored.Length), WireJson.Default.LogAppended)),
                });
            }
        };
    }

    public void Dispose()
    {
        _log.Dispose();
        _stored.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Stored
    {
        get { lock (_stored) return Encoding.UTF8.GetString(_stored.ToArray()); }
    }

    [Fact]
    public async Task Lines_arrive_whole_and_in_order_also_when_answers_are_lost()
    {
        var running = Uploader().RunAsync(TestContext.Current.CancellationToken);
        _log.Write("one ünïcode");
        await _server.UntilAsync(() => Stored == "one ünïcode\n");
        _loseAnswers = true;
        _log.Say("two\nthree");
        var before = _server.Count("/agent/v1/log");
        await _server.UntilAsync(() => _server.Count("/agent/v1/log") > before + 2);
        _loseAnswers = false;
        _log.Write("four");
        _log.Dispose();
        await _server.UntilAsync(() => running.IsCompleted);
        await running;
        Assert.Equal("one ünïcode\n[qgjob] two\n[qgjob] three\nfour\n", Stored);
        Assert.Equal(await File.ReadAllTextAsync(_log.Path, TestContext.Current.CancellationToken), Stored);
    }

    [Fact]
    public async Task A_server_that_has_less_gets_the_missing_part_again()
    {
        var running = Uploader().RunAsync(TestContext.Current.CancellationToken);
        _log.Write("first");
        await _server.UntilAsync(() => Stored == "first\n");
        lock (_stored) _stored.SetLength(0); // A failover that lost the latest writes.
        _log.Write("second");
        _log.Dispose();
        await _server.UntilAsync(() => running.IsCompleted);
        Assert.Equal("first\nsecond\n", Stored);
    }

    [Fact]
    public async Task Much_output_travels_in_bounded_chunks()
    {
        for (var i = 0; i < 3000; i++) _log.Write(new string('x', 100));
        _log.Dispose();
        var running = Uploader().RunAsync(TestContext.Current.CancellationToken);
        await _server.UntilAsync(() => running.IsCompleted);
        Assert.Equal(3000 * 101, Stored.Length);
        Assert.All(_server.Calls, c => Assert.InRange(c.Body.Length, 1, 64 * 1024));
    }

    [Fact]
    public async Task A_stale_lease_ends_the_upload()
    {
        _server.Refuse("/agent/v1/log", HttpStatusCode.Conflict);
        _log.Write("nobody wants this");
        var uploader = Uploader();
        var running = uploader.RunAsync(TestContext.Current.CancellationToken);
        await _server.UntilAsync(() => running.IsCompleted);
        Assert.Equal(1, _server.Count("/agent/v1/log"));
        Assert.Null(uploader.Refused);
    }

    [Fact]
    public async Task What_the_disk_did_not_take_is_told_to_the_server_all_the_same()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "Only Linux has a file that is always full.");
        using var log = new AttemptLog("/dev/full");
        var running = new LogUploader(_server.Agent, new LeaseRef("lab/phone-1", 4), log, _server.Time, new Random(1)).RunAsync(TestContext.Current.CancellationToken);
        log.Write("one");
        log.Write("two");
        log.Dispose();
        await _server.UntilAsync(() => running.IsCompleted);
        await running;
        Assert.StartsWith("[qgjob] 2 lines are missing here: No space left on device", Stored, StringComparison.Ordinal);
        Assert.EndsWith("\n", Stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_takes_no_more_is_told_apart_from_a_lost_lease()
    {
        _server.Refuse("/agent/v1/log", HttpStatusCode.RequestEntityTooLarge);
        _log.Write("too much");
        var uploader = Uploader();
        var running = uploader.RunAsync(TestContext.Current.CancellationToken);
        await _server.UntilAsync(() => running.IsCompleted);
        Assert.Contains("413", uploader.Refused, StringComparison.Ordinal);
    }

    private LogUploader Uploader() => new(_server.Agent, new LeaseRef("lab/phone-1", 4), _log, _server.Time, new Random(1));
}
