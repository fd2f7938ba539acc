using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using Qgjob.Core;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Blobs;

/// <summary>Blobs as files: a key is a path in the folder.</summary>
internal sealed class BlobFolder(string root, IIdSource ids) : IBlobs
{
    // Folders that became empty are removed, maybe just before a file is put there.
    private const int Tries = 5;
    private const int EntriesPerYield = 500;
    // Names that begin with a dot are files like others.
    private static readonly EnumerationOptions s_all = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = 0 };

    public string Place => root;

    public Task CheckAsync(CancellationToken cancel)
    {
        try
        {
            Directory.CreateDirectory(root);
            return Task.CompletedTask;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException("blobs", $"the folder {root} cannot be made: {e.Message}");
        }
    }

    public Task PutAsync(string key, ReceivedFile file, CancellationToken cancel) => InFolderAsync(PathOf(key), file.MoveAsync);

    public Task PutAsync(string key, ReadOnlyMemory<byte> bytes, CancellationToken cancel) => InFolderAsync(PathOf(key), async path =>
    {
        var draft = Path.Combine(Path.GetDirectoryName(path)!, ids.NewId(".draft"));
        await File.WriteAllBytesAsync(draft, bytes, cancel);
        File.Move(draft, path, overwrite: true);
    });

    public Task<bool> ExistsAsync(string key, CancellationToken cancel) => Task.FromResult(File.Exists(PathOf(key)));

    public Task<OpenBlob?> OpenAsync(string key, CancellationToken cancel) => Task.FromResult(
        OpenFile(PathOf(key)) is { } file ? new OpenBlob(file, File.GetLastWriteTimeUtc(file.Name)) : null);

    public async IAsyncEnumerable<BlobInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        var folder = PathOf(prefix);
        if (!Directory.Exists(folder)) yield break;
        var files = new FileSystemEnumerable<BlobInfo>(
            folder, (ref FileSystemEntry entry) => new BlobInfo(KeyOf(entry.ToFullPath()), entry.Length, entry.LastWriteTimeUtc), s_all)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
        };
        var entries = 0;
        foreach (var file in files)
        {
            yield return file;
            if (++entries % EntriesPerYield != 0) continue;
            cancel.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancel)
    {
        foreach (var key in keys)
        {
            var path = PathOf(key);
            try
            {
                File.Delete(path);
            }
            catch (DirectoryNotFoundException)
            {
                // It went with its folder.
            }
            RemoveEmpty(Path.GetDirectoryName(path)!);
        }
        return Task.CompletedTask;
    }

    public Task DeleteAllAsync(string prefix, CancellationToken cancel)
    {
        var folder = PathOf(prefix.TrimEnd('/'));
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing there, or another server was faster.
        }
        return Task.CompletedTask;
    }

    public async Task<long> AppendAsync(string key, long offset, ReadOnlyMemory<byte> bytes, long limit, CancellationToken cancel)
    {
        long length = 0;
        await InFolderAsync(PathOf(key), async path =>
        {
            await using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, 1, FileOptions.Asynchronous);
            length = file.Length;
            if (offset > length || offset + bytes.Length <= length) return;
            if (offset + bytes.Length > limit) throw RefusedException.TooLarge(limit, "max-log");
            file.Position = length;
            await file.WriteAsync(bytes[(int)(length - offset)..], cancel);
            length = file.Position;
        });
        return length;
    }

    public async Task<long> CopyLogAsync(string key, long position, Stream target, CancellationToken cancel)
    {
        await using var file = OpenFile(PathOf(key));
        if (file is null || file.Length <= position) return position;
        file.Position = position;
        await file.CopyToAsync(target, cancel);
        return file.Position;
    }

    public ValueTask<bool> UseAsync(string key, DateTimeOffset now, CancellationToken cancel)
    {
        var path = PathOf(key);
        if (!File.Exists(path)) return ValueTask.FromResult(false);
        try
        {
            File.SetLastAccessTimeUtc(path, now.UtcDateTime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It went this moment, which its reader meets next; or a file system that keeps no such times.
        }
        return ValueTask.FromResult(true);
    }

    public ValueTask<DateTimeOffset> LastUseAsync(BlobInfo blob, CancellationToken cancel)
    {
        DateTimeOffset used = File.GetLastAccessTimeUtc(PathOf(blob.Key));
        return ValueTask.FromResult(used > blob.ModifiedAt ? used : blob.ModifiedAt);
    }

    private string PathOf(string key) => Path.Combine(root, key);

    private string KeyOf(string path) => Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');

    private static FileStream? OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.Asynchronous);
        }
        // The last one says that it is a folder.
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || (e is UnauthorizedAccessException && Directory.Exists(path)))
        {
            return null;
        }
    }

    private async Task InFolderAsync(string path, Func<string, Task> write)
    {
        for (var tries = 1; ; tries++)
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await write(path);
                return;
            }
            catch (DirectoryNotFoundException) when (tries < Tries)
            {
                // Once more.
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && Clashes(path))
            {
                throw RefusedException.Conflict($"'{Path.GetFileName(path)}' is a file where another one needs a folder, or the other way round.");
            }
    }

    private bool Clashes(string path)
    {
        if (Directory.Exists(path)) return true;
        for (var above = Path.GetDirectoryName(path)!; above.Length > root.Length; above = Path.GetDirectoryName(above)!)
            if (File.Exists(above)) return true;
        return false;
    }

    /// <summary>Up to, and without, the folder of a kind of blobs.</summary>
    private void RemoveEmpty(string folder)
    {
        try
        {
            for (; Path.GetRelativePath(root, folder).Contains(Path.DirectorySeparatorChar); folder = Path.GetDirectoryName(folder)!) Directory.Delete(folder);
        }
        catch (IOException)
        {
            // Not empty, or gone.
        }
    }
}
