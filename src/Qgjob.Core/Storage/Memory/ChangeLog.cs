using Qgjob.Core.Storage.Journal;

namespace Qgjob.Core.Storage.Memory;

/// <summary>Rows in the order of their last change, for readers who ask what changed since.</summary>
internal sealed class ChangeLog
{
    private const int FewGaps = 1000;
    private const int MostGone = 10_000;

    // Sorted by revision. A row that changed again leaves a gap, which is closed when there are more gaps than rows.
    private readonly List<(long Revision, object? Row)> entries = [];
    private int gaps;
    private int gone;

    /// <summary>Who has not seen this revision must read everything anew: rows removed up to it are not listed any more.</summary>
    public long CompleteSince { get; private set; }

    /// <summary>Entries, gaps included.</summary>
    public int Count => entries.Count;

    /// <summary>Says that nothing is known of what was removed up to a revision.</summary>
    public void BeginsAt(long revision) => CompleteSince = Math.Max(CompleteSince, revision);

    /// <summary>Notes a row under the revision of its last change, or the row's new state under the same revision.</summary>
    public void Note(long revision, object row)
    {
        if (row is GoneRow && ++gone > MostGone) ForgetGone();
        if (entries.Count == 0 || entries[^1].Revision < revision)
        {
            entries.Add((revision, row));
            return;
        }
        var at = IndexOf(revision);
        if (entries[at].Revision != revision) entries.Insert(at, (revision, row));
        else entries[at] = (revision, row);
    }

    /// <summary>Forgets what was noted under the revision: the row has changed since.</summary>
    public void Forget(long revision)
    {
        var at = IndexOf(revision);
        if (at == entries.Count || entries[at].Revision != revision || entries[at].Row is null) return;
        if (entries[at].Row is GoneRow) gone--;
        entries[at] = (revision, null);
        if (++gaps <= FewGaps + (entries.Count / 2)) return;
        entries.RemoveAll(static e => e.Row is null);
        gaps = 0;
    }

    /// <summary>Rows that changed after the revision, in the order of their last change; removed ones as <see cref="GoneRow"/>.</summary>
    public IEnumerable<object> Since(long revision)
    {
        for (var i = IndexOf(revision + 1); i < entries.Count; i++)
            if (entries[i].Row is { } row)
                yield return row;
    }

    /// <summary>Readers ask every second; those who are far behind start anew.</summary>
    private void ForgetGone()
    {
        foreach (var (revision, row) in entries)
            if (row is GoneRow)
                BeginsAt(revision);
        entries.RemoveAll(static e => e.Row is null or GoneRow);
        (gaps, gone) = (0, 1);
    }

    /// <summary>Index of the first entry at or after the revision.</summary>
    private int IndexOf(long revision)
    {
        var low = 0;
        var high = entries.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (entries[middle].Revision < revision) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
