using System.Formats.Tar;

namespace Qgjob.Client.Projects;

/// <summary>Unpacks one bundle. Trusts nothing in it.</summary>
/// <remarks>
/// Links are made last, so no file is ever written through one. A link's target may go up only at its start
/// (<c>../../x</c>, never <c>a/../x</c>): what lies between could be a link itself, and the way up from there is not the way written.
/// </remarks>
internal sealed class BundleReader(string folder, BundleLimits limits)
{
    private readonly string root = Path.GetFullPath(folder);
    private readonly List<(string Path, string Target)> links = [];
    private long bytes;
    private int files;

    public async Task ReadAsync(Stream tar, CancellationToken cancel)
    {
        Directory.CreateDirectory(root);
        if (Directory.EnumerateFileSystemEntries(root).Any()) throw new BundleException($"The folder {root} is not empty.");
        var reader = new TarReader(new TarHeaders(tar), leaveOpen: true);
        await using (reader.ConfigureAwait(false))
            while (await reader.GetNextEntryAsync(copyData: false, cancel).ConfigureAwait(false) is { } entry)
                await TakeAsync(entry, cancel).ConfigureAwait(false);
        foreach (var (path, target) in links) MakeLink(path, target);
    }

    private async Task TakeAsync(TarEntry entry, CancellationToken cancel)
    {
        if (++files > limits.Files) throw new BundleException($"The bundle holds more than {limits.Files} files.");
        var path = Inside(entry.Name);
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                MakeFolder(path, entry.Name);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                bytes += entry.Length;
                if (bytes > limits.Bytes) throw new BundleException($"The bundle's files are larger than {limits.Bytes} bytes.");
                MakeFolder(Path.GetDirectoryName(path)!, entry.Name);
                await WriteAsync(path, entry, cancel).ConfigureAwait(false);
                break;
            case TarEntryType.SymbolicLink:
                CheckTarget(entry.Name, entry.LinkName);
                links.Add((path, entry.LinkName));
                break;
            default:
                throw new BundleException($"The bundle holds {entry.Name}, which is neither a file nor a link ({entry.EntryType}).");
        }
    }

    private string Inside(string name)
    {
        var parts = name.TrimEnd('/').Split('/');
        if (name.Length == 0 || Path.IsPathRooted(name) || name.AsSpan().IndexOfAny("\\\0") >= 0
            || parts.Any(p => p is "" or "." or "..") || (OperatingSystem.IsWindows() && name.Contains(':')))
            throw new BundleException($"The bundle holds a file with the name '{name}', which could leave its folder.");
        return Path.Combine([root, .. parts]);
    }

    private static void MakeFolder(string path, string name)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (IOException)
        {
            throw new BundleException($"The bundle holds {name} below something that is not a folder.");
        }
    }

    private static async Task WriteAsync(string path, TarEntry entry, CancellationToken cancel)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead
                | ((entry.Mode & UnixFileMode.UserExecute) != 0 ? UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute : 0);
        FileStream file;
        try
        {
            file = new FileStream(path, options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && Path.Exists(path))
        {
            throw new BundleException($"The bundle holds {entry.Name} twice.");
        }
        await using (file.ConfigureAwait(false))
            if (entry.DataStream is { } data) await data.CopyToAsync(file, cancel).ConfigureAwait(false);
    }

    private static void CheckTarget(string name, string target)
    {
        var depth = name.TrimEnd('/').Count(c => c == '/');
        var down = false;
        var parts = target.Split('/');
        var safe = target.Length > 0 && !Path.IsPathRooted(target) && target.AsSpan().IndexOfAny("\\\0") < 0;
        foreach (var part in parts)
        {
            if (part is "" or ".") continue;
            if (part == "..") safe &= !down && --depth >= 0;
            else down = true;
        }
        if (!safe) throw new BundleException($"The bundle holds a link {name} to '{target}', which could leave its folder.");
    }

    private void MakeLink(string path, string target)
    {
        // The parents of every entry are real folders unless an earlier link took the place of one.
        for (var above = Path.GetDirectoryName(path)!; above.Length > root.Length; above = Path.GetDirectoryName(above)!)
            if (new DirectoryInfo(above) is { LinkTarget: not null }) throw new BundleException($"The bundle holds {path[(root.Length + 1)..]} below a link.");
        MakeFolder(Path.GetDirectoryName(path)!, path[(root.Length + 1)..]);
        if (Path.Exists(path) || new FileInfo(path).LinkTarget is not null) throw new BundleException($"The bundle holds {path[(root.Length + 1)..]} twice.");
        File.CreateSymbolicLink(path, target);
    }
}
