using System.Globalization;
using Qgjob.Phones.Packages;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>"pm …" and "cmd package …".</summary>
internal static class PackageCommands
{
    // The flags whose next word is a value, so that it is not taken for a package.
    private static readonly string[] WithValue = ["--user", "-i", "-S", "--install-reason", "--abi", "--install-location", "-a", "-c", "-d"];

    public static ValueTask<int> RunAsync(ShellCall call, CancellationToken cancel)
    {
        var verb = call.Arg(0);
        var rest = call.Skip(Math.Min(1, call.Args.Count));
        return verb switch
        {
            "list" => ListAsync(rest, cancel),
            "path" => PathAsync(rest, cancel),
            "install" => InstallAsync(rest, cancel),
            "uninstall" => UninstallAsync(rest, cancel),
            "clear" => ClearAsync(rest, cancel),
            "grant" => PermissionAsync(rest, true, cancel),
            "revoke" => PermissionAsync(rest, false, cancel),
            "resolve-activity" => ResolveAsync(rest, cancel),
            "dump" => DumpsysCommand.PackageAsync(rest, cancel),
            "enable" or "disable-user" => call.PrintAsync($"Package {Names(rest).FirstOrDefault()} new state: {(verb == "enable" ? "enabled" : verb)}\n", cancel),
            "trim-caches" or "compile" or "bg-dexopt-job" => call.PrintAsync("Success\n", cancel),
            _ => call.UnknownAsync(cancel),
        };
    }

    private static ValueTask<int> ListAsync(ShellCall call, CancellationToken cancel)
    {
        var filter = Names(call).ElementAtOrDefault(1) ?? "";
        var all = call.Phone.Packages.All;
        switch (call.Arg(0))
        {
            case "packages" or "package":
                return call.PrintAsync(string.Concat((call.Has("-s") ? [] : all)
                    .Where(p => p.Id.Contains(filter, StringComparison.Ordinal))
                    .Select(p => $"package:{(call.Has("-f") ? p.ApkPath + "=" : "")}{p.Id}"
                        + (call.Has("--show-versioncode") ? $" versionCode:{p.Manifest.VersionCode}" : "")
                        + (call.Has("-U") ? $" uid:{p.Uid}" : "") + "\n")), cancel);
            case "instrumentation":
                return call.PrintAsync(string.Concat(all.Where(p => p.Instrumentation is not null)
                    .Select(p => $"instrumentation:{p.Instrumentation} (target={p.Manifest.InstrumentationTarget})\n")), cancel);
            case "features":
                return call.PrintAsync("feature:android.hardware.touchscreen\nfeature:android.software.webview\n", cancel);
            case "users":
                return call.PrintAsync("Users:\n\tUserInfo{0:Owner:c13} running\n", cancel);
            default:
                return call.UnknownAsync(cancel);
        }
    }

    private static async ValueTask<int> PathAsync(ShellCall call, CancellationToken cancel) =>
        call.Phone.Packages.Find(Names(call).FirstOrDefault() ?? "") is { } package
            ? await call.PrintAsync($"package:{package.ApkPath}\n", cancel)
            : 1;

    /// <summary>From a file on the phone, or (with -S and a size) from what the host sends.</summary>
    private static async ValueTask<int> InstallAsync(ShellCall call, CancellationToken cancel)
    {
        var blob = call.Phone.Store.NewBlob();
        var target = call.Phone.Store.BlobPath(blob);
        if (call.After("-S") is { } size)
        {
            if (!long.TryParse(size, CultureInfo.InvariantCulture, out var length) || length < 0)
                return await call.FailAsync($"Error: bad size {size}", cancel);
            await ReceiveAsync(call.Io.Input, target, length, cancel);
        }
        else
        {
            var path = Names(call).LastOrDefault() ?? "";
            if (!Copy(call, path, target))
                return await call.FailAsync($"Error: failed to open file: {path}\nError: Unable to open file: {path}", cancel, 255);
        }

        // Replacing has been the default since Android 9, with -r or without.
        var outcome = await call.Phone.Packages.InstallAsync(
            blob, new InstallFlags(call.Has("-r"), call.Has("-g"), call.Has("-d")), cancel);
        return outcome switch
        {
            InstallOutcome.Installed => await call.PrintAsync("Success\n", cancel),
            InstallOutcome.Refused(var code, var detail) => await call.PrintAsync($"Failure [{code}: {detail}]\n", cancel, 1),
            _ => throw new InvalidOperationException($"No such outcome: {outcome}"),
        };
    }

    private static async Task ReceiveAsync(Stream input, string target, long length, CancellationToken cancel)
    {
        try
        {
            await using var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, 4096, useAsync: true);
            var buffer = new byte[32 * 1024];
            for (var left = length; left > 0;)
            {
                var read = await input.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)), cancel);
                if (read == 0)
                    throw new IOException("The host stopped sending in the middle of an APK.");
                await file.WriteAsync(buffer.AsMemory(0, read), cancel);
                left -= read;
            }
        }
        catch
        {
            File.Delete(target);
            throw;
        }
    }

    private static bool Copy(ShellCall call, string path, string target)
    {
        lock (call.Phone.Gate)
        {
            if (call.Phone.Files.Find(call.Path(path)) is not { Blob: { } source })
                return false;
            File.Copy(call.Phone.Store.BlobPath(source), target);
            return true;
        }
    }

    private static ValueTask<int> UninstallAsync(ShellCall call, CancellationToken cancel) =>
        call.Phone.Packages.Uninstall(Names(call).FirstOrDefault() ?? "", call.Has("-k"))
            ? call.PrintAsync("Success\n", cancel)
            : call.PrintAsync("Failure [DELETE_FAILED_INTERNAL_ERROR]\n", cancel, 1);

    private static ValueTask<int> ClearAsync(ShellCall call, CancellationToken cancel) =>
        call.Phone.Packages.Clear(Names(call).FirstOrDefault() ?? "")
            ? call.PrintAsync("Success\n", cancel)
            : call.PrintAsync("Failed\n", cancel, 1);

    private static ValueTask<int> PermissionAsync(ShellCall call, bool granted, CancellationToken cancel) =>
        Names(call) is not [var id, var permission]
            ? call.FailAsync("Error: no package or permission specified", cancel, 255)
            : call.Phone.Packages.SetPermission(id, permission, granted) is { } problem
                ? call.FailAsync($"\nException occurred while executing '{(granted ? "grant" : "revoke")}':\n{problem}", cancel, 255)
                : ValueTask.FromResult(0);

    private static ValueTask<int> ResolveAsync(ShellCall call, CancellationToken cancel)
    {
        var id = call.After("-p") ?? Names(call).LastOrDefault() ?? "";
        return call.Phone.Packages.Find(id) is { Manifest.LaunchActivity: { } activity }
            ? call.PrintAsync($"priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true\n{id}/{activity}\n", cancel)
            : call.PrintAsync("No activity found\n", cancel);
    }

    private static List<string> Names(ShellCall call)
    {
        var names = new List<string>();
        for (var i = 0; i < call.Args.Count; i++)
        {
            if (call.Name is not "install" and not "resolve-activity" ? call.Args[i] is "--user" : WithValue.Contains(call.Args[i]) && !(call.Args[i] == "-d" && call.Name == "install"))
                i++;
            else if (!call.Args[i].StartsWith('-'))
                names.Add(call.Args[i]);
        }

        return names;
    }
}
