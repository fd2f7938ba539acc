using Qgjob.Agent.Leases;

namespace Qgjob.Agent.Updates;

/// <summary>Lets the agent run empty when a new program is there, so that no attempt is cut short by the change.</summary>
/// <param name="attempts">How many attempts still run or send their files.</param>
internal sealed class Handover(ProgramWatch watch, WorkPolls polls, LeaseKeeper leases, Func<int> attempts, IAgentConsole console, TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    // An assignment may be on its way from the server still, or from the answer to its attempt.
    private static readonly TimeSpan Empty = TimeSpan.FromSeconds(2);

    /// <summary>Ends when the new program may take over: it works, and nothing runs any more.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            var version = await watch.ReplacedAsync(cancel).ConfigureAwait(false);
            var left = attempts();
            console.Say($"A new program is here: {version}. It takes over {(left == 0 ? "now" : $"when {(left == 1 ? "the attempt that runs has" : $"the {left} attempts that run have")} ended; no new work is taken")}.");
            polls.Draining = true;
            await EmptyAsync(cancel).ConfigureAwait(false);
            // Hours may have passed.
            if (await watch.FindAsync(cancel).ConfigureAwait(false) is not null) return;
            polls.Draining = false;
        }
    }

    private async Task EmptyAsync(CancellationToken cancel)
    {
        var since = time.GetTimestamp();
        while (time.GetElapsedTime(since) < Empty)
        {
            await Task.Delay(Look, time, cancel).ConfigureAwait(false);
            if (leases.Held.Count > 0 || attempts() > 0 || polls.OfferDevices) since = time.GetTimestamp();
        }
    }
}
