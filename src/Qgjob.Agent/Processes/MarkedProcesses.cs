using System.Globalization;
using System.Text;

namespace Qgjob.Agent.Processes;

/// <summary>Finds and ends processes by their mark. Only Linux shows other processes' environments (/proc).</summary>
internal static class MarkedProcesses
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static bool CanFind => OperatingSystem.IsLinux();

    public static IReadOnlyList<int> Find(ProcessMark mark) => FindExact(mark.ToString());

    /// <summary>Every process with this kind of mark, with the mark's value: what an earlier agent left behind.</summary>
    public static IReadOnlyList<(int Id, string Value)> FindAll(string name)
    {
        var found = new List<(int, string)>();
        foreach (var (id, environment) in Environments())
        {
            foreach (var entry in environment.Split('\0'))
            {
                if (entry.StartsWith(name + "=", StringComparison.Ordinal))
                {
                    found.Add((id, entry[(name.Length + 1)..]));
                    break;
                }
            }
        }

        return found;
    }

    /// <summary>Ends all processes with the mark: first politely, after <paramref name="grace"/> for good.</summary>
    /// <returns>False when some are still there two seconds after SIGKILL (stuck in the kernel).</returns>
    public static async Task<bool> EndAsync(
        ProcessMark mark, TimeSpan grace, TimeProvider time, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        var signal = grace > TimeSpan.Zero ? Signal.Terminate : Signal.Kill;
        var told = new HashSet<int>();
        while (true)
        {
            var left = Find(mark);
            if (left.Count == 0) return true;
            var passed = time.GetElapsedTime(start);
            if (passed > grace + TimeSpan.FromSeconds(2)) return false;
            if (passed >= grace) signal = Signal.Kill;
            foreach (var id in left)
            {
                // SIGTERM once each; SIGKILL on every round, since a dying process may still fork.
                if (signal == Signal.Kill || told.Add(id)) Signals.Send(id, signal);
            }

            await Task.Delay(Poll, time, cancel).ConfigureAwait(false);
        }
    }

    private static List<int> FindExact(string entry)
    {
        var found = new List<int>();
        foreach (var (id, environment) in Environments())
        {
            var at = environment.IndexOf(entry, StringComparison.Ordinal);
            if (at < 0 || (at > 0 && environment[at - 1] != '\0')) continue;
            var end = at + entry.Length;
            if (end == environment.Length || environment[end] == '\0') found.Add(id);
        }

        return found;
    }

    private static IEnumerable<(int Id, string Environment)> Environments()
    {
        if (!CanFind) yield break;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            string environment;
            try
            {
                environment = Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, "environ")));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // It ended meanwhile, or belongs to someone else.
            }

            yield return (id, environment);
        }
    }
}
