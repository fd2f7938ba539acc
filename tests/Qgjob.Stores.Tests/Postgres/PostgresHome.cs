using System.Globalization;
using Qgjob.Core;
using Qgjob.Core.Storage;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores.Postgres;
using Qgjob.Stores.Tests.Servers;

namespace Qgjob.Stores.Tests.Postgres;

/// <summary>A schema of its own in the shared server's one database: making and dropping databases takes checkpoints.</summary>
internal sealed class PostgresHome(string parameters = "", long kept = 2000) : StoreHome
{
    private static int schemas;
    private readonly string schema = string.Create(CultureInfo.InvariantCulture, $"s{Interlocked.Increment(ref schemas)}");
    private PostgresServer? server;

    /// <summary>The schema, for statements.</summary>
    public string Schema => schema;

    public async ValueTask<string> UrlAsync(CancellationToken cancel)
    {
        server ??= await SharedPostgres.GetAsync(cancel);
        return $"{server.UrlFor(SharedPostgres.Database)}?schema={schema}{parameters}";
    }

    public async ValueTask<IJournal> JournalAsync(CancellationToken cancel) => await PostgresJournal.OpenAsync(await UrlAsync(cancel), cancel, kept: kept);

    /// <summary>Runs a statement as the superuser in its database.</summary>
    public async Task<object?> SqlAsync(string sql, CancellationToken cancel)
    {
        await UrlAsync(cancel);
        return await server!.AdminAsync(sql, cancel, SharedPostgres.Database);
    }

    public override async ValueTask<IJobStore> OpenAsync(CancellationToken cancel) =>
        await JournaledStore.OpenAsync(await JournalAsync(cancel), TimeProvider.System, new TimeOrderedIds(TimeProvider.System), cancel);

    public override async ValueTask DisposeAsync()
    {
        if (server is not null) await SqlAsync($"SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE", CancellationToken.None);
    }
}
