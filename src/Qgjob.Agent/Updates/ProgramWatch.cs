namespace Qgjob.Agent.Updates;

/// <summary>Notices that another program was put in the place of this one, is whole and works.</summary>
/// <param name="look">What lies there, as a text that changes with it; null while something is missing.</param>
/// <param name="ask">Asks it for its version.</param>
internal sealed class ProgramWatch(
    Func<string?> look, Func<CancellationToken, Task<ProgramAnswer>> ask, IAgentConsole console, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    // Whoever copies a file, or a folder file by file, is done when nothing changes for so long.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    private readonly string? ours = look();
    private string? refused;

    /// <summary>Ends when another program that works has lain there for a while, with its version.</summary>
    public async Task<string> ReplacedAsync(CancellationToken cancel)
    {
        string? seen = null;
        var since = time.GetTimestamp();
        while (true)
        {
            await Task.Delay(LookEvery, time, cancel).ConfigureAwait(false);
            var now = look();
            if (now != seen) (seen, since) = (now, time.GetTimestamp());
            if (now is null || now == ours || now == refused || time.GetElapsedTime(since) < Settled) continue;
            if (await FindAsync(cancel).ConfigureAwait(false) is { } version) return version;
        }
    }

    /// <summary>The version of what lies there now; null when it does not work, which people hear once.</summary>
    public async Task<string?> FindAsync(CancellationToken cancel)
    {
        var before = look();
        var answer = before is null ? new ProgramAnswer(false, "its files are gone") : await ask(cancel).ConfigureAwait(false);
        // Changed again meanwhile: whatever was asked is not what lies there.
        if (look() != before) return null;
        if (answer.Works) return answer.Text;
        if (before is null || before != refused) console.Warn($"This program was replaced by one that does not answer 'version' ({answer.Text}). The agent goes on as it is.");
        refused = before;
        return null;
    }
}
