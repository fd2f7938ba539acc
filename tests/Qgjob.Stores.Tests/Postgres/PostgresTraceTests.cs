using Qgjob.Stores.Tests.Traces;

namespace Qgjob.Stores.Tests.Postgres;

public sealed class PostgresTraceTests
{
    [Fact]
    public Task Postgres_behaves_like_memory() => TraceTests.BehavesLikeMemoryAsync(() => new PostgresHome(), traces: 6);

    [Fact]
    public Task Two_servers_on_one_database_behave_like_memory() => TraceTests.BehavesLikeMemoryAsync(() => new PostgresHome(), servers: 2, traces: 6);

    [Fact]
    public Task Two_servers_without_hints_behave_like_memory() => TraceTests.BehavesLikeMemoryAsync(() => new PostgresHome("&hints=off"), servers: 2, traces: 3);
}
