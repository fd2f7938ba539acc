using Qgjob.Stores.Tests.Servers;

namespace Qgjob.Stores.Tests.Redis;

/// <summary>Figures, not verdicts: see <see cref="Throughput"/>.</summary>
public sealed class RedisThroughput(RedisServer server)
{
    [Fact(Explicit = true)]
    public async Task Redis()
    {
        var cancel = TestContext.Current.CancellationToken;
        await Throughput.MeasureAsync("redis", await new RedisHome(server).OpenAsync(cancel));
        // What the server itself spent.
        foreach (var section in (string[])["cpu", "commandstats"])
            TestContext.Current.TestOutputHelper!.WriteLine(await server.AskAsync($"INFO {section}", cancel));
    }
}
