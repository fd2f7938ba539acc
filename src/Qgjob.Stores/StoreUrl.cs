namespace Qgjob.Stores;

/// <summary>Names a store, as in <c>--store sqlite:jobs.db</c>.</summary>
public abstract record StoreUrl
{
    private StoreUrl() { }

    /// <summary>A SQLite file.</summary>
    public sealed record Sqlite(string Path) : StoreUrl;

    /// <summary>This process's memory; gone with it.</summary>
    public sealed record Memory : StoreUrl;

    /// <summary>A PostgreSQL database: <c>postgres://user:password@host:port/database?…</c></summary>
    public sealed record Postgres(string Url) : StoreUrl;

    /// <summary>A Redis server: <c>redis://user:password@host:port/database?…</c>, <c>rediss://</c> with TLS.</summary>
    public sealed record Redis(string Url) : StoreUrl;

    /// <summary>Reads a store's name.</summary>
    /// <exception cref="StoreOpenException">The text names no store that this version has.</exception>
    public static StoreUrl Parse(string text)
    {
        if (text == "memory") return new Memory();
        if (text.StartsWith("sqlite:", StringComparison.Ordinal))
        {
            var path = text["sqlite:".Length..];
            // sqlite:///var/lib/jobs.db is how many other programs write an absolute path.
            if (path.StartsWith("//", StringComparison.Ordinal)) path = path[2..];
            return path.Length > 0
                ? new Sqlite(path)
                : throw new StoreOpenException("The store 'sqlite:' has no path; write for instance sqlite:data/jobs.db.");
        }
        if (text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal)) return new Postgres(text);
        if (text.StartsWith("redis://", StringComparison.Ordinal) || text.StartsWith("rediss://", StringComparison.Ordinal)) return new Redis(text);
        throw new StoreOpenException(
            $"Unknown store '{text}'; use sqlite:PATH (for instance sqlite:data/jobs.db), memory, postgres://user:password@host/database or redis://host:port.");
    }
}
