namespace Qgjob.Stores;

/// <summary>Names a store, as in <c>--store sqlite:jobs.db</c>.</summary>
public abstract record StoreUrl
{
    private StoreUrl() { }

    /// <summary>A SQLite file.</summary>
    public sealed record Sqlite(string Path) : StoreUrl;

    /// <summary>This process's memory; gone with it.</summary>
    public sealed record Memory : StoreUrl;

    private static readonly string[] Planned = ["postgres:", "postgresql:", "redis:", "rediss:"];

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
        if (Planned.FirstOrDefault(p => text.StartsWith(p, StringComparison.Ordinal)) is { } planned)
            throw new StoreOpenException($"{planned} stores are not in this version; use sqlite:PATH or memory.");
        throw new StoreOpenException($"Unknown store '{text}'; use sqlite:PATH (for instance sqlite:data/jobs.db) or memory.");
    }
}
