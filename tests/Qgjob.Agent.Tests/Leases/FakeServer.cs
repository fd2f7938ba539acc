using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Tests.Leases;

/// <summary>A server whose every answer the test decides; calls are recorded in order.</summary>
public sealed class FakeServer : HttpMessageHandler
{
    public FakeServer()
    {
        Transport = new Transport(new Uri("http://server.test"), null, Time, this);
        Agent = new AgentClient(Transport);
    }

    public FakeTimeProvider Time { get; } = new();

    public Transport Transport { get; }

    public AgentClient Agent { get; }

    public bool Unreachable { get; set; }

    public ConcurrentQueue<(string Path, byte[] Body)> Calls { get; } = [];

    public ConcurrentDictionary<string, Func<string, byte[], CancellationToken, Task<HttpResponseMessage>>> Answers { get; } = new();

    public int Count(string path) => Calls.Count(c => c.Path.StartsWith(path, StringComparison.Ordinal));

    public void On<TAsk, TAnswer>(string path, JsonTypeInfo<TAsk> ask, JsonTypeInfo<TAnswer> answer, Func<TAsk, TAnswer> reply) =>
        OnAsync(path, ask, answer, (asked, _) => Task.FromResult(reply(asked)));

    public void OnAsync<TAsk, TAnswer>(string path, JsonTypeInfo<TAsk> ask, JsonTypeInfo<TAnswer> answer, Func<TAsk, CancellationToken, Task<TAnswer>> reply) =>
        Answers[path] = async (_, body, cancel) => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(await reply(JsonSerializer.Deserialize(body, ask)!, cancel), answer)),
        };

    public void Refuse(string path, HttpStatusCode status) => Answers[path] = (_, _, _) => Task.FromResult(new HttpResponseMessage(status));

    /// <summary>Moves time in small steps until something holds. A step waits until nothing is left to do at the present time.</summary>
    public async Task UntilAsync(Func<bool> holds, TimeSpan? step = null)
    {
        // Real time only bounds a test that would never end.
        var start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(60))
        {
            if (await VirtualTime.SettleAsync(holds)) return;
            Time.Advance(step ?? TimeSpan.FromMilliseconds(50));
        }

        Assert.Fail("It never came to hold.");
    }

    public static Assignment Assignment(string device = "phone-1", long token = 1, JobSpec? spec = null) => new(
        new LeaseRef(device, token), "j-1", "r-1", 1, spec ?? new JobSpec { OrgId = "acme", AppVersionId = "v1", TestPath = "tests/a.spec.ts" }, [], 1);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.PathAndQuery;
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        Calls.Enqueue((path, body));
        if (Unreachable) throw new HttpRequestException("connection refused");
        var match = Answers.FirstOrDefault(a => path.StartsWith(a.Key, StringComparison.Ordinal)).Value;
        return match is null ? new HttpResponseMessage(HttpStatusCode.NotFound) : await match(path, body, cancellationToken);
    }
}

internal sealed class RecordedConsole : IAgentConsole
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public void Say(string line) => Lines.Enqueue(line);

    public void Warn(string line) => Lines.Enqueue("! " + line);
}
