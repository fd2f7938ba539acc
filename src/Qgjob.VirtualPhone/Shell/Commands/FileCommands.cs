using System.Globalization;
using System.Security.Cryptography;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>Files, as far as the shell user may touch them.</summary>
internal static class FileCommands
{
    public static async ValueTask<int> LsAsync(ShellCall call, CancellationToken cancel)
    {
        var paths = call.Words.Count == 0 ? [call.Shell.Folder] : call.Words;
        var (details, byTime) = (Flag(call, 'l'), Flag(call, 't'));
        var code = 0;
        foreach (var path in paths)
        {
            IEnumerable<(string Name, PhoneFile File)> entries;
            lock (call.Phone.Gate)
            {
                var found = call.Phone.Files.Find(call.Path(path));
                entries = found is null ? [] : found.IsFolder && !Flag(call, 'd') ? call.Phone.Files.List(call.Path(path)) : [(path, found)];
                if (found is null)
                    code = 1;
            }

            if (code == 1)
            {
                await call.FailAsync($"ls: {path}: No such file or directory", cancel);
                continue;
            }

            if (byTime)
                entries = entries.OrderByDescending(e => e.File.Modified);
            await call.PrintAsync(string.Concat(entries.Select(e => (details ? Details(e.File) + " " : "") + e.Name + "\n")), cancel);
        }

        return code;
    }

    public static ValueTask<int> MkdirAsync(ShellCall call, CancellationToken cancel) =>
        ChangeAsync(call, call.Words, (files, path) =>
        {
            if (files.Find(path) is { IsFolder: true } && (Flag(call, 'p') || files.Find(path)!.System))
                return null;
            if (files.Find(path) is not null)
                return "File exists";
            if (!PhoneFiles.MayWrite(path))
                return "Permission denied";
            files.MakeFolder(path);
            return null;
        }, cancel);

    public static ValueTask<int> RmAsync(ShellCall call, CancellationToken cancel) =>
        ChangeAsync(call, call.Words, (files, path) =>
        {
            if (files.Find(path) is not { } file)
                return Flag(call, 'f') ? null : "No such file or directory";
            if (!PhoneFiles.MayWrite(path) || file.System)
                return "Permission denied";
            if (file.IsFolder && !Flag(call, 'r') && !Flag(call, 'R'))
                return "Is a directory";
            files.Remove(path);
            return null;
        }, cancel);

    public static ValueTask<int> TouchAsync(ShellCall call, CancellationToken cancel) =>
        ChangeAsync(call, call.Words, (files, path) =>
        {
            if (files.Find(path) is null && !Flag(call, 'c'))
            {
                if (!PhoneFiles.MayWrite(path))
                    return "Permission denied";
                FileContent.Write(call.Phone, path, []);
            }

            files.Touch(path);
            return null;
        }, cancel);

    public static ValueTask<int> ChmodAsync(ShellCall call, CancellationToken cancel)
    {
        // "u+x" and the like change nothing that this phone would look at.
        int? mode = call.Arg(0).All(c => c is >= '0' and <= '7') && call.Arg(0).Length is > 0 and < 5 ? Convert.ToInt32(call.Arg(0), 8) : null;
        return ChangeAsync(call, [.. call.Words.Skip(1)], (files, path) =>
        {
            if (files.Find(path) is null)
                return "No such file or directory";
            files.Touch(path, mode);
            return null;
        }, cancel);
    }

    public static ValueTask<int> CpAsync(ShellCall call, CancellationToken cancel) => CopyAsync(call, move: false, cancel);

    public static ValueTask<int> MvAsync(ShellCall call, CancellationToken cancel) => CopyAsync(call, move: true, cancel);

    public static async ValueTask<int> CatAsync(ShellCall call, CancellationToken cancel)
    {
        if (call.Words.Count == 0)
        {
            var buffer = new byte[8192];
            int read;
            while ((read = await call.Io.Input.ReadAsync(buffer, cancel)) > 0)
                await call.Io.Output.WriteAsync(buffer.AsMemory(0, read), cancel);
            return 0;
        }

        var code = 0;
        foreach (var path in call.Words)
        {
            if (FileContent.Read(call.Phone, call.Path(path)) is { } bytes)
                await call.Io.Output.WriteAsync(bytes, cancel);
            else
                code = await call.FailAsync($"cat: {path}: No such file or directory", cancel);
        }

        return code;
    }

    public static async ValueTask<int> StatAsync(ShellCall call, CancellationToken cancel)
    {
        var format = call.After("-c");
        foreach (var path in call.Words.Where(w => w != format))
        {
            PhoneFile? file;
            lock (call.Phone.Gate)
                file = call.Phone.Files.Find(call.Path(path));
            if (file is null)
                return await call.FailAsync($"stat: '{path}': No such file or directory", cancel);
            var time = file.Modified.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            await call.PrintAsync((format ?? "  File: %n\n  Size: %s\nAccess: (%a) %F\nModify: %Y")
                .Replace("%n", path, StringComparison.Ordinal).Replace("%s", $"{file.Size}", StringComparison.Ordinal)
                .Replace("%a", Convert.ToString(file.Mode & 0xfff, 8), StringComparison.Ordinal).Replace("%Y", time, StringComparison.Ordinal)
                .Replace("%F", file.IsFolder ? "directory" : "regular file", StringComparison.Ordinal) + "\n", cancel);
        }

        return 0;
    }

    public static ValueTask<int> DfAsync(ShellCall call, CancellationToken cancel)
    {
        // A fixed size: what really limits the phone is the host's disk.
        long used;
        lock (call.Phone.Gate)
            used = call.Phone.Files.ToSave().Count() * 4L;
        const long total = 16L * 1024 * 1024;
        var table = $"Filesystem     1K-blocks     Used Available Use% Mounted on\n/dev/block/dm-0 {total} {used} {total - used}   1% /data\n";
        return call.PrintAsync(call.Has("-h")
            ? "Filesystem      Size  Used Avail Use% Mounted on\n/dev/block/dm-0  16G   1M   16G   1% /data\n" : table, cancel);
    }

    public static async ValueTask<int> Sha256Async(ShellCall call, CancellationToken cancel)
    {
        foreach (var path in call.Words)
        {
            if (FileContent.Read(call.Phone, call.Path(path)) is not { } bytes)
                return await call.FailAsync($"sha256sum: {path}: No such file or directory", cancel);
            await call.PrintAsync($"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {path}\n", cancel);
        }

        return 0;
    }

    private static async ValueTask<int> CopyAsync(ShellCall call, bool move, CancellationToken cancel)
    {
        if (call.Words is not [var source, var target])
            return await call.UnknownAsync(cancel, 1);
        string from = call.Path(source), to = call.Path(target);
        string? problem;
        lock (call.Phone.Gate)
        {
            var files = call.Phone.Files;
            if (files.Find(to) is { IsFolder: true })
                to += "/" + from[(from.LastIndexOf('/') + 1)..];
            problem = files.Find(from) is not { IsFolder: false } ? $"{source}: No such file or directory"
                : !PhoneFiles.MayWrite(to) || (move && !PhoneFiles.MayWrite(from)) ? $"{target}: Permission denied" : null;
            if (problem is null && move)
            {
                files.Move(from, to);
                call.Phone.Save();
            }
            else if (problem is null)
            {
                FileContent.Write(call.Phone, to, FileContent.Read(call.Phone, from)!);
            }
        }

        return problem is null ? 0 : await call.FailAsync($"{call.Name}: {problem}", cancel);
    }

    /// <summary>Applies a change to each path; the change answers with a problem or null.</summary>
    private static async ValueTask<int> ChangeAsync(
        ShellCall call, IReadOnlyList<string> paths, Func<PhoneFiles, string, string?> change, CancellationToken cancel)
    {
        var code = 0;
        foreach (var path in paths)
        {
            string? problem;
            lock (call.Phone.Gate)
            {
                problem = change(call.Phone.Files, call.Path(path));
                call.Phone.Save();
            }

            if (problem is not null)
                code = await call.FailAsync($"{call.Name}: {path}: {problem}", cancel);
        }

        return code;
    }

    private static string Details(PhoneFile file)
    {
        var mode = file.Mode;
        var rights = string.Concat(Enumerable.Range(0, 9).Select(i => (mode & (0x100 >> i)) != 0 ? "rwx"[i % 3] : '-'));
        return $"{(file.IsFolder ? 'd' : '-')}{rights} 1 shell shell {file.Size,9} {file.Modified.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}";
    }

    /// <summary>Single letters may be run together: -rf.</summary>
    private static bool Flag(ShellCall call, char letter) =>
        call.Args.Any(a => a.Length > 1 && a[0] == '-' && a[1] != '-' && a.Contains(letter, StringComparison.Ordinal));
}
