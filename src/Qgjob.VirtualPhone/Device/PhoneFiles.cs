namespace Qgjob.Phones.Device;

/// <summary>
/// A file or folder. The blob names its bytes in the store, null for a folder; the mode is Unix's, with the file type;
/// what belongs to the system cannot be changed from the shell.
/// </summary>
internal sealed record PhoneFile(string? Blob, int Mode, DateTimeOffset Modified, long Size, bool System)
{
    public bool IsFolder => Blob is null;
}

/// <summary>The phone's file system as the shell user sees it. Guarded by the phone's gate.</summary>
internal sealed class PhoneFiles
{
    private const int FolderMode = 0x41ed; // drwxr-xr-x
    public const int FileType = 0x8000;
    private static readonly string[] Writable = ["/data/local/tmp", "/sdcard", "/storage/emulated/0"];

    private readonly PhoneStore store;
    private readonly TimeProvider time;
    private readonly SortedDictionary<string, PhoneFile> files = new(StringComparer.Ordinal);

    public PhoneFiles(PhoneStore store, TimeProvider time, IEnumerable<FileState> saved)
    {
        this.store = store;
        this.time = time;
        foreach (var path in (string[])["/", "/data", "/data/app", "/data/local", "/data/local/tmp", "/sdcard", "/sdcard/Download",
            "/sdcard/Pictures", "/sdcard/DCIM", "/system", "/system/bin", "/storage", "/storage/emulated", "/storage/emulated/0"])
        {
            files[path] = new PhoneFile(null, FolderMode, time.GetUtcNow(), 0, System: true);
        }

        foreach (var file in saved)
        {
            var bytes = file.Blob is null ? null : new FileInfo(store.BlobPath(file.Blob));
            if (bytes?.Exists != false)
                files[file.Path] = new PhoneFile(file.Blob, file.Mode, file.Modified, bytes?.Length ?? 0, System: false);
        }
    }

    public IEnumerable<FileState> ToSave() =>
        files.Where(f => !f.Value.System).Select(f => new FileState(f.Key, f.Value.Blob, f.Value.Mode, f.Value.Modified));

    /// <summary>Makes a path absolute and free of dots; /storage/emulated/0 is /sdcard under its other name.</summary>
    public static string Normalize(string path, string folder = "/")
    {
        var parts = new List<string>();
        foreach (var part in (path.StartsWith('/') ? path : folder + "/" + path).Split('/'))
        {
            if (part == ".." && parts.Count > 0)
                parts.RemoveAt(parts.Count - 1);
            else if (part is not ("" or "." or ".."))
                parts.Add(part);
        }

        var whole = "/" + string.Join('/', parts);
        const string storage = "/storage/emulated/0/";
        return whole.StartsWith(storage, StringComparison.Ordinal) ? "/sdcard/" + whole[storage.Length..] : whole;
    }

    public PhoneFile? Find(string path) => files.GetValueOrDefault(Normalize(path));

    public IReadOnlyList<(string Name, PhoneFile File)> List(string folder)
    {
        var start = Normalize(folder) is "/" ? "/" : Normalize(folder) + "/";
        return [.. files
            .Where(f => f.Key.Length > start.Length && f.Key.StartsWith(start, StringComparison.Ordinal) && f.Key.IndexOf('/', start.Length) < 0)
            .Select(f => (f.Key[start.Length..], f.Value))];
    }

    public static bool MayWrite(string path) =>
        Array.Exists(Writable, w => Normalize(path).StartsWith(w + "/", StringComparison.Ordinal));

    /// <summary>Adds a file whose bytes are already in the store, with the folders above it; an old file of that name goes.</summary>
    public void Put(string path, string blob, int permissions, DateTimeOffset modified, bool system = false)
    {
        var at = Normalize(path);
        MakeFolder(at[..Math.Max(1, at.LastIndexOf('/'))], system);
        if (files.GetValueOrDefault(at) is { Blob: { } old, System: false })
            store.DeleteBlob(old);
        files[at] = new PhoneFile(blob, FileType | (permissions & 0xfff), modified, new FileInfo(store.BlobPath(blob)).Length, system);
    }

    public void MakeFolder(string path, bool system = false)
    {
        for (var at = Normalize(path); at != "/" && !files.ContainsKey(at); at = at[..Math.Max(1, at.LastIndexOf('/'))])
            files[at] = new PhoneFile(null, FolderMode, time.GetUtcNow(), 0, system);
    }

    public void Touch(string path, int? permissions = null)
    {
        var at = Normalize(path);
        if (files.GetValueOrDefault(at) is { } file)
            files[at] = file with { Modified = time.GetUtcNow(), Mode = permissions is { } p ? (file.Mode & ~0xfff) | p : file.Mode };
    }

    /// <summary>Removes a file, or a folder with all that is in it. The bytes of installed packages belong to the packages.</summary>
    public void Remove(string path)
    {
        var at = Normalize(path);
        foreach (var (name, file) in files.Where(f => f.Key == at || f.Key.StartsWith(at + "/", StringComparison.Ordinal)).ToList())
        {
            files.Remove(name);
            if (file is { Blob: { } blob, System: false })
                store.DeleteBlob(blob);
        }
    }

    public void Move(string from, string to)
    {
        var at = Normalize(from);
        var file = files[at];
        Remove(to);
        files.Remove(at);
        files[Normalize(to)] = file;
    }

    public FileStream Open(PhoneFile file) =>
        new(store.BlobPath(file.Blob!), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 4096, useAsync: true);
}
