using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Installs;

/// <summary>Puts builds on phones, and only when they are not there.</summary>
/// <param name="adb">Path of the adb program: it knows the ways to install on every Android.</param>
internal sealed partial class Installer(string adb, InstallRecords records, TimeProvider time)
{
    private static readonly string[] NeedsUninstall = ["INSTALL_FAILED_VERSION_DOWNGRADE", "INSTALL_FAILED_UPDATE_INCOMPATIBLE"];
    private static readonly TimeSpan AdbLimit = TimeSpan.FromHours(1); // The attempt's own install limit is shorter.

    /// <param name="deviceKey">Names the phone for good, also when its serial changes with the connection.</param>
    /// <param name="installing">Called when an installation starts.</param>
    public async Task<InstallOutcome> EnsureAsync(
        AdbDevice device, string deviceKey, BuildFile build, Action? installing, CancellationToken cancel)
    {
        if (records.Find(deviceKey, build.PackageId) is { } known && known.Sha256 == build.Sha256
            && await FingerprintAsync(device, build.PackageId, cancel).ConfigureAwait(false) == known.Fingerprint)
        {
            return new BuildReady(Installed: false, TimeSpan.Zero);
        }

        installing?.Invoke();
        return await InstallAsync(device, deviceKey, build, uninstallFirst: false, cancel).ConfigureAwait(false);
    }

    /// <summary>Uninstalls and installs, whatever is there.</summary>
    public Task<InstallOutcome> ReinstallAsync(AdbDevice device, string deviceKey, BuildFile build, CancellationToken cancel) =>
        InstallAsync(device, deviceKey, build, uninstallFirst: true, cancel);

    /// <summary>The build that qgjob put on the phone and that is still there, by package id.</summary>
    public async Task<string?> ResidentAsync(AdbDevice device, string deviceKey, string package, CancellationToken cancel) =>
        records.Find(deviceKey, package) is { } known
        && await FingerprintAsync(device, package, cancel).ConfigureAwait(false) == known.Fingerprint
            ? known.Sha256
            : null;

    /// <summary>Reads from `dumpsys package` what every installation changes; null when the package is absent.</summary>
    internal static string? Fingerprint(string dumpsys, string package)
    {
        // The section of the package itself; earlier ones list activities, later ones other users of its name.
        var start = dumpsys.IndexOf($"Package [{package}]", StringComparison.Ordinal);
        if (start < 0) return null;
        var end = dumpsys.IndexOf("Package [", start + 1, StringComparison.Ordinal);
        var section = end < 0 ? dumpsys[start..] : dumpsys[start..end];
        var parts = Facts().Matches(section).Select(m => m.Value.Trim()).Distinct();
        return string.Join(' ', parts);
    }

    private async Task<InstallOutcome> InstallAsync(
        AdbDevice device, string deviceKey, BuildFile build, bool uninstallFirst, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        // Forgotten first: if this is cut short, nobody knows what the phone holds.
        records.Set(deviceKey, build.PackageId, null);
        var client = new AdbClient(device.AdbPort, time);
        if (uninstallFirst) await UninstallAsync(client, device, build.PackageId, cancel).ConfigureAwait(false);
        try
        {
            var output = await RunInstallAsync(device, build, cancel).ConfigureAwait(false);
            if (output is not null && NeedsUninstall.Any(output.Contains))
            {
                await UninstallAsync(client, device, build.PackageId, cancel).ConfigureAwait(false);
                output = await RunInstallAsync(device, build, cancel).ConfigureAwait(false);
            }

            if (output is not null) return new InstallFailed($"{build.PackageId} could not be installed on {device.Serial}: {output}");
            if (await FingerprintAsync(device, build.PackageId, cancel).ConfigureAwait(false) is not { } print)
            {
                return new InstallFailed($"{device.Serial} reported success, but {build.PackageId} is not there.");
            }

            records.Set(deviceKey, build.PackageId, new InstallRecord(build.Sha256, print));
            return new BuildReady(Installed: true, time.GetElapsedTime(start));
        }
        catch (Exception e) when (e is AdbException or TimeoutException or Win32Exception)
        {
            return new InstallFailed($"{build.PackageId} could not be installed on {device.Serial}: {e.Message}");
        }
    }

    /// <returns>Null on success, else what adb said.</returns>
    private async Task<string?> RunInstallAsync(AdbDevice device, BuildFile build, CancellationToken cancel)
    {
        var port = device.AdbPort.ToString(CultureInfo.InvariantCulture);
        // -r: keep nothing in the way of an update; -g: grant permissions, as AppWright's own install does.
        var spec = new ProcessSpec(
            adb, ["-P", port, "-s", device.Serial, "install", "-r", "-g", build.Path],
            System.IO.Path.GetTempPath(), new Dictionary<string, string?>(), ProcessMark.Once("install"));
        var result = await ShortRun.RunAsync(spec, AdbLimit, null, time, cancel).ConfigureAwait(false);
        if (result.ExitCode == 0 && result.Output.Contains("Success", StringComparison.Ordinal)) return null;
        var reason = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault(l => l.Contains("Fail", StringComparison.OrdinalIgnoreCase) || l.Contains("error", StringComparison.OrdinalIgnoreCase));
        return reason ?? $"adb install ended with {result.ExitCode}: {result.Output.Trim()}";
    }

    private static async Task UninstallAsync(AdbClient client, AdbDevice device, string package, CancellationToken cancel) =>
        await client.ShellAsync(device.Serial, $"pm uninstall {package}", cancel).ConfigureAwait(false);

    private async Task<string?> FingerprintAsync(AdbDevice device, string package, CancellationToken cancel)
    {
        try
        {
            var client = new AdbClient(device.AdbPort, time);
            var dump = await client.ShellAsync(device.Serial, $"dumpsys package {package}", cancel).ConfigureAwait(false);
            return Fingerprint(dump.Output, package);
        }
        catch (AdbException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^\s*(codePath|versionCode|lastUpdateTime)=\S+( \d\d:\d\d:\d\d)?", RegexOptions.Multiline)]
    private static partial Regex Facts();
}
