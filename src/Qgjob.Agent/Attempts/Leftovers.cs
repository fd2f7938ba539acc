using System.Globalization;
using Qgjob.Agent.Processes;

namespace Qgjob.Agent.Attempts;

/// <summary>Ends what an agent that died left running. The guards do that, too; this is for what escaped them.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <param name="agentId">Ours; we hold the lock of its folder, so nobody else runs attempts under it.</param>
    /// <returns>How many marks were found.</returns>
    public static async Task<int> EndAsync(string agentId, TimeProvider time, CancellationToken cancel)
    {
        var attempts = MarkedProcesses.FindAll("QGJOB_ATTEMPT").Select(p => p.Value)
            .Where(v => v.StartsWith(agentId + ".", StringComparison.Ordinal)).Select(ProcessMark.Attempt);
        var servers = MarkedProcesses.FindAll(ProcessMark.ServerName).Select(p => p.Value).Where(IsOrphan).Select(ProcessMark.Server);
        var marks = attempts.Concat(servers).Distinct().ToList();
        await Task.WhenAll(marks.Select(m => MarkedProcesses.EndAsync(m, Grace, time, cancel))).ConfigureAwait(false);
        return marks.Count;
    }

    /// <summary>Marks of servers end with their owner's process id and a number; see <see cref="ProcessMark.Once"/>.</summary>
    private static bool IsOrphan(string mark) =>
        mark.Split('-') is [.., var owner, _]
        && int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && OperatingSystem.IsLinux() && !Directory.Exists($"/proc/{id}");
}
