using System.Globalization;

namespace Qgjob.Agent.Downloads;

/// <summary>
/// A folder of things that are made once and kept: each under its key, whole or absent, made by one caller while the
/// others wait, evicted least recently used first when all together are too large. What is in use stays.
/// </summary>
/// <param name="lifetime">The agent's: ends what is being made.</param>
internal sealed class CacheFolder(string root, long limitBytes, TimeProvider time, CancellationToken lifetime)
{
    // Its presence says that the entry is whole; its content is the entry's size, its date the latest use.
    private const string Mark = ".qgjob-entry";
    private readonly Lock gate = new();
    private readonly Dictionary<string, Task> making = [];
    private readonly Dictionary<string, int> pins = [];

    /// <summary>The entry, made if it is not there.</summary>
    /// <param name="key">Also the name of its folder.</param>
    /// <param name="make">Fills the folder that it is given. Goes on when the caller is cancelled: others may wait for it.</param>
    public async Task<CacheEntry> GetAsync(string key, Func<string, CancellationToken, Task> make, CancellationToken cancel)
    {
        var entry = Pin(key);
        try
        {
            await MadeAsync(key, make).WaitAsync(cancel).ConfigureAwait(false);
            return entry;
        }
        catch
        {
            entry.Dispose();
            throw;
        }
    }

    /// <summary>Deletes what a process that died was making. Only at the start, when nothing is being made.</summary>
    public void Sweep()
    {
        if (!Directory.Exists(root)) return;
        foreach (var folder in Directory.EnumerateDirectories(root))
            if (!File.Exists(Path.Combine(folder, Mark))) Directory.Delete(folder, recursive: true);
    }

    private Task MadeAsync(string key, Func<string, CancellationToken, Task> make)
    {
        var folder = Path.Combine(root, key);
        lock (gate)
        {
            if (making.TryGetValue(key, out var running)) return running;
            if (File.Exists(Path.Combine(folder, Mark)))
            {
                File.SetLastWriteTimeUtc(Path.Combine(folder, Mark), time.GetUtcNow().UtcDateTime);
                return Task.CompletedTask;
            }

            return making[key] = Task.Run(() => MakeAsync(key, folder, make));
        }
    }

    private async Task MakeAsync(string key, string folder, Func<string, CancellationToken, Task> make)
    {
        var draft = folder + ".draft";
        try
        {
            if (Directory.Exists(draft)) Directory.Delete(draft, recursive: true);
            Directory.CreateDirectory(draft);
            await make(draft, lifetime).ConfigureAwait(false);
            var mark = Path.Combine(draft, Mark);
            await File.WriteAllTextAsync(mark, SizeOf(draft).ToString(CultureInfo.InvariantCulture), lifetime).ConfigureAwait(false);
            File.SetLastWriteTimeUtc(mark, time.GetUtcNow().UtcDateTime);
            Directory.Move(draft, folder);
        }
        finally
        {
            lock (gate) making.Remove(key);
        }

        Evict();
    }

    private void Evict()
    {
        var entries = Directory.EnumerateDirectories(root)
            .Select(f => new FileInfo(Path.Combine(f, Mark)))
            .Where(m => m.Exists)
            .Select(m => (Folder: m.DirectoryName!, Used: m.LastWriteTimeUtc,
                Size: long.TryParse(File.ReadAllText(m.FullName), NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0))
            .OrderBy(e => e.Used).ToList();
        var total = entries.Sum(e => e.Size);
        foreach (var (folder, _, size) in entries)
        {
            if (total <= limitBytes) return;
            lock (gate)
            {
                if (pins.ContainsKey(Path.GetFileName(folder))) continue;
                // The mark first: an entry without it is not whole, should the rest fail half-way.
                File.Delete(Path.Combine(folder, Mark));
                Directory.Delete(folder, recursive: true);
            }

            total -= size;
        }
    }

    private static long SizeOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Sum(f => f.Length);

    private CacheEntry Pin(string key)
    {
        lock (gate) pins[key] = pins.GetValueOrDefault(key) + 1;
        return new CacheEntry(Path.Combine(root, key), () =>
        {
            lock (gate)
            {
                if (--pins[key] == 0) pins.Remove(key);
            }
        });
    }
}

/// <summary>An entry in use; not evicted before it is disposed.</summary>
internal sealed class CacheEntry(string folder, Action release) : IDisposable
{
    private Action? release = release;

    public string Folder => folder;

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
