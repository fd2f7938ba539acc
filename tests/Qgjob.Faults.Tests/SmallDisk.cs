using System.Diagnostics;
using System.Globalization;

namespace Qgjob.Faults.Tests;

/// <summary>A file system of a few megabytes, which a test can fill.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    public SmallDisk(int megabytes)
    {
        Folder = Directory.CreateTempSubdirectory("qgjob-faults-disk-").FullName;
        if (Mount(string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m,mode=0755"), Folder) is { } problem) throw new InvalidOperationException(problem);
    }

    /// <summary>Null when file systems may be mounted here.</summary>
    public static string? WhyNot { get; } = Environment.UserName == "root" ? null : "mounting a small file system takes root";

    public string Folder { get; }

    /// <summary>To the last byte.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var size = 1 << 20;
        while (size > 0)
            try
            {
                file.Write(new byte[size]);
            }
            catch (IOException)
            {
                size /= 2;
            }
    }

    public void Empty() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        using var umount = Process.Start("umount", ["-l", Folder]);
        await umount.WaitForExitAsync();
        Directory.Delete(Folder);
    }

    private string Filler => Path.Combine(Folder, "filler");

    private static string? Mount(string options, string folder)
    {
        using var mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", options, "none", folder]) { RedirectStandardError = true })!;
        var said = mount.StandardError.ReadToEnd();
        mount.WaitForExit();
        return mount.ExitCode == 0 ? null : said;
    }
}
