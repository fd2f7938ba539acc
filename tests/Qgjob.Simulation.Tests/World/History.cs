using System.Globalization;
using System.Runtime.CompilerServices;

namespace Qgjob.Simulation.Tests.World;

/// <summary>What happened, line by line; kept only when a seed is told again, since most seeds have nothing to tell.</summary>
internal sealed class History(Scheduler scheduler, bool kept)
{
    private readonly List<string> lines = [];

    public bool IsKept => kept;
    public IReadOnlyList<string> Lines => lines;

    public void Note(string who, [InterpolatedStringHandlerArgument("")] Text text)
    {
        if (kept) lines.Add(string.Create(CultureInfo.InvariantCulture, $"{scheduler.Elapsed.TotalSeconds,9:f4} {who,-10} {text.ToString()}"));
    }

    /// <summary>The latest lines that name one of these, oldest first.</summary>
    public IEnumerable<string> About(IReadOnlyList<string> names, int max = 50) =>
        lines.Where(l => names.Count == 0 || names.Any(n => l.Contains(n, StringComparison.Ordinal))).TakeLast(max);

    /// <summary>Costs nothing while nobody keeps it.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Text
    {
        private readonly System.Text.StringBuilder? builder;

        public Text(int literalLength, int formattedCount, History history, out bool isWanted)
        {
            isWanted = history.IsKept;
            if (isWanted) builder = new System.Text.StringBuilder(literalLength + (formattedCount * 8));
        }

        public void AppendLiteral(string value) => builder!.Append(value);

        public void AppendFormatted<T>(T value) => builder!.Append(CultureInfo.InvariantCulture, $"{value}");

        public override string ToString() => builder?.ToString() ?? "";
    }
}
