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

    /// <summary>Called when a package that qgjob installed is not on a phone any more: the device key and the package.</summary>
    public Action<string, string> Removed { get; set; } = (_, _) => { };

    /// <param name="deviceKey">Names the phone for good, also when its serial changes with the connection.</param>
    /// <param name="installing">Called when an installation starts.</param>
    public async Task<InstallOutcome> EnsureAsync(
        AdbDevice device, string deviceKey, BuildFile build, Action? installing, CancellationToken cancel)
    {
        try
        {
            if (records.Find(deviceKey, build.PackageId) is { } known && known.Sha256 == build.Sha256
                && await FingerprintAsync(device, build.PackageId, cancel).ConfigureAwait(false) == known.Fingerprint)
            {
                records.Set(deviceKey, build.PackageId, known with { LastUsed = time.GetUtcNow() });
                return new BuildReady(Installed: false, TimeSpan.Zero);
            }
        }
        catch (AdbException e)
        {
            // A phone that does not answer is no phone without the app.
            return new InstallFailed($"{device.Serial} does not say whether it has {build.PackageId}: {e.Message}");
        }

        installing?.Invoke();
        return await InstallAsync(device, deviceKey, build, uninstallFirst: false, cancel).ConfigureAwait(false);
    }

    /// <summary>Uninstalls and installs, whatever is there.</summary>
    public Task<InstallOutcome> ReinstallAsync(AdbDevice device, string deviceKey, BuildFile build, CancellationToken cancel) =>
        InstallAsync(device, deviceKey, build, uninstallFirst: true, cancel);

    /// <summary>The build that qgjob put on the phone and that is still there, by package id.</summary>
    /// <exception cref="AdbException">The phone does not answer.</exception>
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
        var old = records.Find(deviceKey, build.PackageId);
        records.Set(deviceKey, build.PackageId, null);
        try
        {
            if (uninstallFirst) await UninstallAsync(device, build.PackageId, cancel).ConfigureAwait(false);
            var uninstalled = uninstallFirst;
            string? output;
            while (true)
            {
                output = await RunInstallAsync(device, build, cancel).ConfigureAwait(false);
                if (output is null) break;
                if (!uninstalled && NeedsUninstall.Any(output.Contains))
                {
                    await UninstallAsync(device, build.PackageId, cancel).ConfigureAwait(false);
                    uninstalled = true;
                    continue;
                }

                if (!IsFull(output)) break;
                if (await EvictAsync(device, deviceKey, cancel).ConfigureAwait(false)) continue;
                // The old build of the app itself comes last: an update over it would have kept its data.
                if (uninstalled || old is null || await FingerprintAsync(device, build.PackageId, cancel).ConfigureAwait(false) != old.Fingerprint)
                {
                    output += " (nothing is left on the phone that qgjob installed and could remove)";
                    break;
                }

                await UninstallAsync(device, build.PackageId, cancel).ConfigureAwait(false);
                uninstalled = true;
            }

            if (output is not null)
            {
                Removed(deviceKey, build.PackageId);
                return new InstallFailed($"{build.PackageId} could not be installed on {device.Serial}: {output}");
            }

            if (await FingerprintAsync(device, build.PackageId, cancel).ConfigureAwait(false) is not { } print)
            {
                return new InstallFailed($"{device.Serial} reported success, but {build.PackageId} is not there.");
            }

            records.Set(deviceKey, build.PackageId, new InstallRecord(build.Sha256, print, time.GetUtcNow()));
            return new BuildReady(Installed: true, time.GetElapsedTime(start));
        }
        catch (Exception e) when (e is AdbException or TimeoutException or Win32Exception)
        {
            return new InstallFailed($"{build.PackageId} could not be installed on {device.Serial}: {e.Message}");
        }
    }

    // Android's word, and those of adb and of its shell when the file does not even get there.
    private static bool IsFull(string output) =>
        output.Contains("INSUFFICIENT_STORAGE", StringComparison.Ordinal)
        || output.Contains("not enough space", StringComparison.OrdinalIgnoreCase)
        || output.Contains("No space left on device", StringComparison.OrdinalIgnoreCase);

    /// <summary>Removes the app that qgjob installed and that no attempt has needed for the longest time.</summary>
    /// <returns>False when there is none.</returns>
    private async Task<bool> EvictAsync(AdbDevice device, string deviceKey, CancellationToken cancel)
    {
        foreach (var (package, record) in records.Of(deviceKey).OrderBy(p => p.Value.LastUsed).ThenBy(p => p.Key, StringComparer.Ordinal))
        {
            // Whoever has installed it anew since then keeps it.
            var ours = await FingerprintAsync(device, package, cancel).ConfigureAwait(false) == record.Fingerprint;
            records.Set(deviceKey, package, null);
            if (!ours)
            {
                Removed(deviceKey, package);
                continue;
            }

            await UninstallAsync(device, package, cancel).ConfigureAwait(false);
            Removed(deviceKey, package);
            return true;
        }

        return false;
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

    private async Task UninstallAsync(AdbDevice device, string package, CancellationToken cancel) =>
        await new AdbClient(device.AdbPort, time).ShellAsync(device.Serial, $"pm uninstall {package}", cancel).ConfigureAwait(false);

    private async Task<string?> FingerprintAsync(AdbDevice device, string package, CancellationToken cancel)
    {
        var client = new AdbClient(device.AdbPort, time);
        var dump = await client.ShellAsync(device.Serial, $"dumpsys package {package}", cancel).ConfigureAwait(false);
        return Fingerprint(dump.Output, package);
    }

    [GeneratedRegex(@"^\s*(codePath|versionCode|lastUpdateTime)=\S+( \d\d:\d\d:\d\d)?", RegexOptions.Multiline)]
    private static partial Regex Facts();
}
