using System.Diagnostics;

namespace Qgjob.Agent.Processes;

/// <summary>
/// Runs a program that leaves a daemon behind on purpose (adb start-server): no guard, no mark, nothing is ended
/// but the program itself when it takes too long.
/// </summary>
internal static class DetachedRun
{
    public static async Task RunAsync(
        string program, IReadOnlyList<string> arguments, TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        // Through the shell, so that the daemon holds none of our pipes or terminals.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        foreach (var argument in (string[])["-c", "exec \"$@\" </dev/null >/dev/null 2>&1", "sh", program, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        try
        {
            await process.WaitForExitAsync(cancel).WaitAsync(limit, time, cancel).ConfigureAwait(false);
        }
        catch
        {
            process.Kill();
            throw;
        }
    }
}
