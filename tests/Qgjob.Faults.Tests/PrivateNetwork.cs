using System.Diagnostics;
using Qgjob.Faults.Tests.Processes;

namespace Qgjob.Faults.Tests;

/// <summary>
/// A network namespace of the test's own: the test runs itself again inside, where nothing but a loopback is, and cuts
/// ways between loopback addresses with a packet filter.
/// </summary>
internal static class PrivateNetwork
{
    private const string Inside = "QGJOB_FAULTS_INSIDE";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>Null when namespaces and the filter can be had here; else why not.</summary>
    private static readonly string? WhyNot = FindWhyNot();

    public static bool IsInside => Environment.GetEnvironmentVariable(Inside) is { Length: > 0 };

    /// <summary>Runs one test inside; outside, true when that was done and it passed.</summary>
    public static async Task<bool> RanInsideAsync(Type tests, string method, CancellationToken cancel)
    {
        if (IsInside) return false;
        Assert.SkipUnless(WhyNot is null, WhyNot ?? "");
        var folder = Directory.CreateTempSubdirectory("qgjob-faults-net-").FullName;
        var environment = new Dictionary<string, string> { [Inside] = "1" };
        foreach (var name in new[] { "SEED", "KEEP" })
            if (Environment.GetEnvironmentVariable("QGJOB_FAULTS_" + name) is { Length: > 0 } value) environment["QGJOB_FAULTS_" + name] = value;
        await using (var inner = Child.Start("tests in a namespace", Path.Combine(folder, "inside.log"), environment,
            ["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\"", Programs.Self, "-noColor", "-noLogo", "-showLiveOutput", "-method", $"{tests.FullName}.{method}"]))
        {
            await inner.EndAsync(cancel, Limit);
            TestContext.Current.TestOutputHelper?.WriteLine(inner.Output());
            Assert.True(inner.ExitCode == 0, inner.Output(20_000));
        }
        Directory.Delete(folder, recursive: true);
        return true;
    }

    /// <summary>Nothing arrives, nobody hears of it: packets from and to an address vanish.</summary>
    public static Task CutAsync(string address) => FilterAsync("-I", address, "DROP");

    /// <summary>Whoever calls an address is refused at once; what is open is reset.</summary>
    public static Task RefuseAsync(string address) => FilterAsync("-I", address, "REJECT", "--reject-with", "tcp-reset");

    public static Task HealAsync(string address) => FilterAsync("-D", address, "DROP");

    public static Task AcceptAsync(string address) => FilterAsync("-D", address, "REJECT", "--reject-with", "tcp-reset");

    private static async Task FilterAsync(string order, string address, params string[] target)
    {
        if (!IsInside) throw new InvalidOperationException("This machine's own network is left alone.");
        foreach (var side in new[] { "-d", "-s" })
            await RunAsync(["iptables", "-w", order, "INPUT", "-p", "tcp", side, address, "-j", .. target]);
    }

    private static async Task RunAsync(IReadOnlyList<string> command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardError = true })!;
        var said = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)}: {said}");
    }

    private static string? FindWhyNot()
    {
        if (Environment.UserName != "root") return "network namespaces take root";
        foreach (var (command, package) in new[] { ("ip", "iproute2"), ("iptables", "iptables"), ("unshare", "util-linux") })
            if (!new[] { "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/" }.Any(f => File.Exists(f + command))) return $"{command} (Debian package {package}) is missing";
        using var probe = Process.Start(new ProcessStartInfo("unshare", ["-n", "iptables", "-w", "-L"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        probe.StandardOutput.ReadToEnd();
        var said = probe.StandardError.ReadToEnd();
        probe.WaitForExit();
        return probe.ExitCode == 0 ? null : $"network namespaces with a packet filter are not to be had here: {said.Trim()}";
    }
}
