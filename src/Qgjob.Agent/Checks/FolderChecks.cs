using System.Globalization;
using System.Net.Sockets;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Checks;

/// <summary>The agent's folders and ports.</summary>
internal static class FolderChecks
{
    private const string Area = "agent";
    private const double Giga = 1 << 30;
    // Appium and its driver take 0.3 GB, a project's node_modules as much, and then come builds and videos.
    private const double LeastFree = 1;
    private const double ComfortableFree = 5;

    public static IReadOnlyList<Finding> Run(string dataFolder, string toolchainFolder) =>
    [
        Writable("data-folder", dataFolder, "--data DIR"),
        Writable("toolchain-folder", toolchainFolder, "--toolchain DIR"),
        Space(dataFolder),
    ];

    public static Finding LoopbackPorts()
    {
        try
        {
            LoopbackPort.Free();
            return Finding.Ok(Area, "ports", "ports on 127.0.0.1 can be opened");
        }
        catch (SocketException e)
        {
            return Finding.Problem(Area, "ports", $"No port on 127.0.0.1 can be opened: {e.Message}", "Let this account listen on loopback: gateway, Appium and adb all do.");
        }
    }

    private static Finding Writable(string check, string folder, string option)
    {
        var there = Nearest(folder);
        var probe = Path.Combine(there, $".qgjob-doctor-{Environment.ProcessId}");
        try
        {
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return Finding.Ok(Area, check, $"{folder} can be written");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Finding.Problem(Area, check, $"{there} cannot be written: {e.Message}", $"Give this account the right to, or name another folder with {option}.");
        }
    }

    private static Finding Space(string folder)
    {
        double free;
        try
        {
            free = new DriveInfo(Nearest(folder)).AvailableFreeSpace / Giga;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Finding.Warning(Area, "disk", $"How much space is free is not known: {e.Message}", $"Look yourself: df -h {folder}");
        }
        var what = string.Create(CultureInfo.InvariantCulture, $"{free:0.0} GB are free for {folder}");
        const string Mend = "Make room, or name a folder on another disk with --data DIR.";
        return free < LeastFree ? Finding.Problem(Area, "disk", what + ".", Mend)
            : free < ComfortableFree ? Finding.Warning(Area, "disk", what + ".", Mend)
            : Finding.Ok(Area, "disk", what);
    }

    /// <summary>The folder, or the nearest one above it that exists: the doctor makes none.</summary>
    private static string Nearest(string folder)
    {
        var at = Path.GetFullPath(folder);
        while (!Directory.Exists(at) && Path.GetDirectoryName(at) is { } above) at = above;
        return at;
    }
}
