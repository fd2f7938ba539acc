using Qgjob.Stores.Tests.Servers;
using Qgjob.Stores.Tests.Traces;

namespace Qgjob.Stores.Tests.Redis;

public sealed class RedisTraceTests(RedisServer server)
{
    [Fact]
    public Task Redis_behaves_like_memory() => TraceTests.BehavesLikeMemoryAsync(() => new RedisHome(server));

    [Fact]
    public Task Two_servers_on_one_redis_behave_like_memory() => TraceTests.BehavesLikeMemoryAsync(() => new RedisHome(server), servers: 2);
}
