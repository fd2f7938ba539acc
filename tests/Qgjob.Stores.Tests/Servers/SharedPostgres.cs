namespace Qgjob.Stores.Tests.Servers;

/// <summary>One PostgreSQL server for all tests of this process that do not stop it; started when the first one asks.</summary>
public sealed class SharedPostgres : IAsyncDisposable
{
    /// <summary>A database there, in which every test has a schema.</summary>
    public const string Database = "stores";

    private static readonly SemaphoreSlim Gate = new(1);
    private static PostgresServer? server;

    public static async ValueTask<PostgresServer> GetAsync(CancellationToken cancel)
    {
        await Gate.WaitAsync(cancel);
        try
        {
            if (server is not null) return server;
            // Nobody cuts its power: what tests ask of it is answers, not durability, and tables are made by the hundred.
            var created = await PostgresServer.CreateAsync(cancel, fsync: false);
            await created.AdminAsync($"CREATE DATABASE {Database} OWNER qgjob", cancel);
            return server = created;
        }
        finally
        {
            Gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null) await server.DisposeAsync();
        server = null;
    }
}
