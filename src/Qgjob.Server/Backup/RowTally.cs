using System.Globalization;
using System.Runtime.CompilerServices;
using Qgjob.Core.Storage.Journal;

namespace Qgjob.Server.Backup;

/// <summary>Counts rows that pass, and says now and then how far it is.</summary>
/// <param name="verb">For instance <c>exported</c>.</param>
/// <param name="tell">Gets a line for people.</param>
internal sealed class RowTally(string verb, Action<string> tell)
{
    private const long TellEvery = 250_000;

    public long Rows { get; private set; }
    public long Runs { get; private set; }
    public long Jobs { get; private set; }

    public async IAsyncEnumerable<RowChanges> CountAsync(IAsyncEnumerable<RowChanges> parts, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var part in parts.WithCancellation(cancel))
        {
            Count(part);
            yield return part;
        }
    }

    public void Count(RowChanges part)
    {
        var before = Rows;
        Runs += part.Runs.Count;
        Jobs += part.Jobs.Count;
        Rows += part.Count;
        if (before / TellEvery != Rows / TellEvery) tell(string.Create(CultureInfo.InvariantCulture, $"{verb} {Rows} rows so far"));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{verb} {Runs} runs with {Jobs} jobs, {Rows} rows in all");
}
