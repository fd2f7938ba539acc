using Qgjob.Client.Wire;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;

namespace Qgjob.Server.Quarantines;

/// <summary>Quarantines with what became of their tests since, out of the results that are kept.</summary>
internal sealed class QuarantineReader(IJobStore store, TimeProvider time)
{
    private const int Attempts = 50;
    /// <summary>Files that one list looks at, so that patterns do not read the whole history at once.</summary>
    private const int MostFiles = 200;

    public async Task<IReadOnlyList<QuarantineView>> ListAsync(string orgId, CancellationToken cancel)
    {
        var files = new FileHistories(orgId, store);
        var views = new List<QuarantineView>();
        foreach (var test in (await store.QuarantineAsync(orgId, cancel))?.Tests ?? []) views.Add(await ViewAsync(test, files, cancel));
        return views;
    }

    public Task<QuarantineView> ViewAsync(string orgId, QuarantinedTest test, CancellationToken cancel) => ViewAsync(test, new FileHistories(orgId, store), cancel);

    private async Task<QuarantineView> ViewAsync(QuarantinedTest test, FileHistories files, CancellationToken cancel)
    {
        var runs = await files.RunsOfAsync(test, cancel);
        return new QuarantineView
        {
            QuarantineId = test.Id,
            File = test.File,
            Title = test.Title,
            Reason = test.Reason,
            By = test.By,
            Since = test.Since,
            Until = test.Until,
            Ended = test.Until <= time.GetUtcNow(),
            Rates = runs is null ? null : TestRates.Of(runs),
            LastFailedAt = runs?.Where(r => r.Counts && r.Status.IsFailure()).Max(r => (DateTimeOffset?)r.Origin.EndedAt),
        };
    }

    /// <summary>Reads each file's history once, whatever the number of entries about it.</summary>
    private sealed class FileHistories(string orgId, IJobStore store)
    {
        private readonly Dictionary<string, IReadOnlyList<PastTest>> read = [];
        private IReadOnlyList<string>? paths;

        /// <summary>Null when there are more files than one list may read.</summary>
        public async Task<IReadOnlyList<PastRun>?> RunsOfAsync(QuarantinedTest test, CancellationToken cancel)
        {
            IReadOnlyList<string> files = [test.File];
            if (test.File.Contains('*', StringComparison.Ordinal))
            {
                paths ??= await store.TestPathsAsync(orgId, null, MostFiles + 1, cancel);
                if (paths.Count > MostFiles) return null;
                files = [.. paths.Where(test.CoversFile)];
            }
            var runs = new List<PastRun>();
            foreach (var file in files)
            {
                if (!read.TryGetValue(file, out var past))
                {
                    if (read.Count == MostFiles) return null;
                    read[file] = past = TestHistory.Of(await store.PastTestsAsync(orgId, file, Attempts, cancel));
                }
                runs.AddRange(past.Where(t => test.Covers(t.Key.File, t.Key.Title)).SelectMany(t => t.Runs).Where(r => r.Origin.EndedAt >= test.Since));
            }
            return runs;
        }
    }
}
