using System.ComponentModel;
using System.Text;

namespace Qgjob.Agent.Processes;

/// <summary>How a program that was only run for its result ended.</summary>
internal sealed record ShortRunResult(int ExitCode, string Output);

/// <summary>Programs that are run to their end, with a limit.</summary>
internal static class ShortRun
{
    private const int KeptCharacters = 64 * 1024;

    /// <exception cref="TimeoutException">It took longer than <paramref name="limit"/>; it has been ended.</exception>
    /// <exception cref="Win32Exception">The program does not exist.</exception>
    public static async Task<ShortRunResult> RunAsync(
        ProcessSpec spec, TimeSpan limit, Action<string>? onLine, TimeProvider time, CancellationToken cancel)
    {
        var output = new StringBuilder();
        void Keep(string line)
        {
            lock (output)
            {
                output.Append(line).Append('\n');
                if (output.Length > 2 * KeptCharacters) output.Remove(0, output.Length - KeptCharacters);
            }

            onLine?.Invoke(line);
        }

        var process = OwnedProcess.Start(spec, Keep, time);
        await using (process.ConfigureAwait(false))
        {
            var code = await process.Exited.WaitAsync(limit, time, cancel).ConfigureAwait(false);
            lock (output) return new ShortRunResult(code, output.ToString());
        }
    }
}
