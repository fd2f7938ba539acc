using Qgjob.Core;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Postgres;
using Qgjob.Stores.Tests.Servers;

namespace Qgjob.Stores.Tests.Postgres;

/// <summary>Figures, not verdicts, as <see cref="Throughput"/>: <c>-explicit only -class *PostgresThroughput</c>. With fsync on.</summary>
public sealed class PostgresThroughput
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData("on")]
    [InlineData("off")]
    public async Task With_hints(string hints)
    {
        await using var server = await PostgresServer.CreateAsync(Cancel);
        var journal = await PostgresJournal.OpenAsync($"{server.UrlFor(await server.NewDatabaseAsync(Cancel))}?hints={hints}", Cancel);
        await Throughput.MeasureAsync(
            $"postgres-hints-{hints}", await JournaledStore.OpenAsync(journal, TimeProvider.System, new TimeOrderedIds(TimeProvider.System), Cancel));
    }
}
