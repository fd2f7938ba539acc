using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage;

/// <summary>The history of test files, for stores that have all rows at hand.</summary>
public static class PastTests
{
    /// <summary>As <see cref="IJobStore.PastTestsAsync"/>.</summary>
    public static IReadOnlyList<TestsRow> Latest(IEnumerable<TestsRow> rows, string orgId, string testPath, int max) =>
        [.. rows.Where(r => r.Origin is { } o && o.OrgId == orgId && o.TestPath == testPath)
            .OrderByDescending(r => r.Origin!.EndedAt).ThenByDescending(r => r.JobId, StringComparer.Ordinal).ThenByDescending(r => r.Attempt)
            .Take(max)];

    /// <summary>As <see cref="IJobStore.TestPathsAsync"/>.</summary>
    public static IReadOnlyList<string> Paths(IEnumerable<TestsRow> rows, string orgId, string? after, int max) =>
        [.. rows.Select(r => r.Origin).OfType<Results.TestsOrigin>().Where(o => o.OrgId == orgId).Select(o => o.TestPath).Distinct()
            .Order(StringComparer.Ordinal).SkipWhile(p => after is not null && string.CompareOrdinal(p, after) <= 0).Take(max)];
}
