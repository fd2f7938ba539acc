using System.ComponentModel;
using Qgjob.Agent.Android;
using Qgjob.Agent.Processes;
using Qgjob.Agent.Toolchain;

namespace Qgjob.Agent.Checks;

/// <summary>The programs that an agent starts.</summary>
internal static class MachineChecks
{
    private const string Area = "machine";

    public static async Task<IReadOnlyList<Finding>> RunAsync(string toolchainRoot, TimeProvider time, CancellationToken cancel) =>
    [
        await NodeAsync(time, cancel).ConfigureAwait(false),
        ProgramPath.Find("npm") is { } npm
            ? Finding.Ok(Area, "npm", $"npm is {npm}")
            : Finding.Problem(Area, "npm", "npm is missing.", "Install it: apt-get install npm"),
        Android(Environment.GetEnvironmentVariable),
        Toolchain(toolchainRoot),
    ];

    private static async Task<Finding> NodeAsync(TimeProvider time, CancellationToken cancel)
    {
        const string Mend = "Install Node.js 18 or later: apt-get install nodejs";
        if (ProgramPath.Find("node") is not { } node) return Finding.Problem(Area, "node", "Node.js is missing.", Mend);
        try
        {
            return await AppiumToolchain.CheckNodeAsync(node, time, cancel).ConfigureAwait(false) is { } tooOld
                ? Finding.Problem(Area, "node", tooOld.Reason, Mend)
                : Finding.Ok(Area, "node", $"Node.js is {node}, new enough for AppWright and Appium");
        }
        catch (Exception e) when (e is Win32Exception or TimeoutException)
        {
            return Finding.Problem(Area, "node", $"{node} does not run: {e.Message}", Mend);
        }
    }

    internal static Finding Android(Func<string, string?> environment)
    {
        // The agent keeps its links in its own folder; this look leaves nothing behind.
        var folder = Directory.CreateTempSubdirectory("qgjob-doctor-");
        try
        {
            var own = environment("ANDROID_HOME") ?? environment("ANDROID_SDK_ROOT");
            return AndroidSdk.Ensure(folder.FullName, environment) switch
            {
                SdkReady(var sdk) when sdk.Home == own => Finding.Ok(Area, "android", $"Android's tools are in {own}, Java in {sdk.JavaHome}"),
                SdkReady(var sdk) when own is not null => Finding.Warning(Area, "android",
                    $"ANDROID_HOME ({own}) lacks platform-tools or build-tools; agents use the system's tools instead.", "Install both with sdkmanager, or unset ANDROID_HOME."),
                SdkReady(var sdk) => Finding.Ok(Area, "android", $"adb, aapt, apksigner and zipalign are installed, Java is in {sdk.JavaHome}"),
                SdkMissing missing => Finding.Problem(Area, "android", $"Android's tools are not complete{(own is null ? "" : $", in ANDROID_HOME ({own}) neither")}.",
                    $"Install them: apt-get install {string.Join(' ', missing.Packages)}"),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Finding Toolchain(string root)
    {
        var expected = AppiumToolchain.Below(root, "node");
        return File.Exists(expected.AppiumScript)
            ? Finding.Ok(Area, "toolchain", $"Appium and its Android driver are in {expected.Folder}")
            : Finding.Warning(Area, "toolchain", "Appium is not installed yet.", "Nothing to do: the first start of 'qgjob agent' installs it with npm (about 130 MB).");
    }
}
