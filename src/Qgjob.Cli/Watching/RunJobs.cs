using Qgjob.Client;
using Qgjob.Client.Wire;

namespace Qgjob.Cli.Watching;

internal static class RunJobs
{
    private const int PageSize = 500;

    /// <summary>All jobs of a run, in the order of submission.</summary>
    public static async Task<IReadOnlyList<JobView>> ListAsync(QgjobClient client, string runId, CancellationToken cancel)
    {
        var all = new List<JobView>();
        string? cursor = null;
        do
        {
            var page = await client.ListJobsAsync(null, runId, null, null, PageSize, cursor, cancel).ConfigureAwait(false);
            all.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);
        return all;
    }
}
