using System.Runtime.CompilerServices;

namespace Qgjob.Agent.Devices;

/// <summary>Follows the phones of one adb server, whatever happens to the server.</summary>
internal sealed class AdbTracker(AdbClient client, TimeProvider time)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Snapshots of all phones, each time something changed. While the adb server is away the snapshot is empty.
    /// Ends only when cancelled.
    /// </summary>
    public async IAsyncEnumerable<IReadOnlyList<AdbListing>> FollowAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var delay = FirstDelay;
        while (true)
        {
            var changes = client.TrackAsync(cancel).GetAsyncEnumerator(cancel);
            await using (changes.ConfigureAwait(false))
            {
                while (await NextAsync(changes).ConfigureAwait(false) is { } snapshot)
                {
                    delay = FirstDelay;
                    yield return snapshot;
                }
            }

            yield return [];
            await Task.Delay(delay, time, cancel).ConfigureAwait(false);
            delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
        }
    }

    private static async Task<IReadOnlyList<AdbListing>?> NextAsync(IAsyncEnumerator<IReadOnlyList<AdbListing>> changes)
    {
        try
        {
            return await changes.MoveNextAsync().ConfigureAwait(false) ? changes.Current : null;
        }
        catch (AdbException)
        {
            return null;
        }
    }
}
