using System.Globalization;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Simulation;

/// <summary>
/// Traces as CSV (RFC 4180) under the header
/// <c>release_s,org_id,app_version_id,target,test_path,priority,duration_s,estimate_s,install_s</c>.
/// The header names the columns, so their order is free and further columns are passed over. Rows may stand in any
/// order. An empty <c>estimate_s</c> means that nothing is known beforehand (NaN).
/// </summary>
public static class TraceCsv
{
    private static readonly string[] Columns =
        ["release_s", "org_id", "app_version_id", "target", "test_path", "priority", "duration_s", "estimate_s", "install_s"];

    private static readonly Dictionary<string, int> PriorityByName =
        new(StringComparer.OrdinalIgnoreCase) { ["low"] = -1, ["normal"] = 0, ["high"] = 1, ["urgent"] = 2 };

    // Points in time may count from 1970; what a job takes may not exceed three years.
    private const double LatestRelease = 1e10;
    private const double LongestSeconds = 1e8;
    private const int LongestName = 1024;

    /// <summary>Reads a whole trace, in the order of its rows.</summary>
    /// <exception cref="TraceFormatException">The header or a row is not as expected.</exception>
    public static IReadOnlyList<TraceJob> Read(TextReader input)
    {
        var rows = new CsvRows(input);
        var places = ReadHeader(rows);
        var fields = rows.Count;
        var names = new HashSet<string>(StringComparer.Ordinal);
        var jobs = new List<TraceJob>();
        while (rows.Next())
        {
            if (rows.Count != fields)
                throw new TraceFormatException(rows.Line, null, $"{rows.Count} fields where the header names {fields} columns.");
            var row = new Row(rows, places, names.GetAlternateLookup<ReadOnlySpan<char>>());
            jobs.Add(new TraceJob(
                row.Seconds(0, LatestRelease), row.Name(1), row.Name(2), row.Target(3), row.Name(4), row.Priority(5),
                row.Seconds(6, LongestSeconds), row.SecondsOrUnknown(7, LongestSeconds), row.Seconds(8, LongestSeconds)));
        }
        return jobs;
    }

    /// <summary>Writes a trace that <see cref="Read"/> gives back as it was. Lines end with LF on every system.</summary>
    public static void Write(TextWriter output, IEnumerable<TraceJob> jobs)
    {
        output.Write(string.Join(',', Columns));
        output.Write('\n');
        WriteRows(output, jobs);
    }

    /// <summary>Further rows of a trace that was begun with <see cref="Write"/>, for those who have it in parts.</summary>
    public static void WriteRows(TextWriter output, IEnumerable<TraceJob> jobs)
    {
        foreach (var job in jobs)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $"{job.ReleaseSeconds},{Quoted(job.OrgId)},{Quoted(job.AppVersionId)},"));
            output.Write(string.Create(CultureInfo.InvariantCulture, $"{Words.Of(job.Target)},{Quoted(job.TestPath)},{job.Priority},{job.DurationSeconds},"));
            if (!double.IsNaN(job.EstimateSeconds)) output.Write(job.EstimateSeconds.ToString(CultureInfo.InvariantCulture));
            output.Write(string.Create(CultureInfo.InvariantCulture, $",{job.InstallSeconds}\n"));
        }
    }

    private static string Quoted(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    private static int[] ReadHeader(CsvRows rows)
    {
        if (!rows.Next()) throw new TraceFormatException(1, null, $"the trace is empty; expected the header {string.Join(',', Columns)}.");
        var places = Enumerable.Repeat(-1, Columns.Length).ToArray();
        for (var field = 0; field < rows.Count; field++)
        {
            var name = rows[field].Trim().ToString().ToLowerInvariant();
            if (Array.IndexOf(Columns, name) is not (>= 0 and var column)) continue;
            if (places[column] >= 0) throw new TraceFormatException(rows.Line, name, "the header names this column twice.");
            places[column] = field;
        }
        var missing = Columns.Where((_, column) => places[column] < 0).ToList();
        return missing.Count == 0 ? places
            : throw new TraceFormatException(rows.Line, missing[0], $"the header lacks {string.Join(", ", missing)}; expected {string.Join(',', Columns)}.");
    }

    private readonly ref struct Row(CsvRows rows, int[] places, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> names)
    {
        /// <summary>A name, the same string for every row that has it.</summary>
        public string Name(int column)
        {
            var text = rows[places[column]];
            if (names.TryGetValue(text, out var known)) return known;
            if (text.IsEmpty || text.IsWhiteSpace()) throw Wrong(column, "a name");
            if (text.Length > LongestName) throw Wrong(column, $"at most {LongestName} characters");
            names.Add(text);
            return names.TryGetValue(text, out known) ? known : text.ToString();
        }

        public double SecondsOrUnknown(int column, double most) => rows[places[column]].IsWhiteSpace() ? double.NaN : Seconds(column, most);

        public double Seconds(int column, double most) =>
            double.TryParse(rows[places[column]], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && value <= most
                ? value
                : throw Wrong(column, string.Create(CultureInfo.InvariantCulture, $"seconds as a number from 0 to {most:0}, with a point for decimals"));

        public Target Target(int column)
        {
            var text = rows[places[column]].Trim();
            foreach (var target in Targets)
                if (text.Equals(target.Word, StringComparison.OrdinalIgnoreCase)) return target.Value;
            throw Wrong(column, $"one of {string.Join(", ", Targets.Select(t => t.Word))}");
        }

        public int Priority(int column)
        {
            var text = rows[places[column]].Trim();
            if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number is >= -10 and <= 10) return number;
            return PriorityByName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var named) ? named
                : throw Wrong(column, $"{string.Join(", ", PriorityByName.Keys)} or a whole number from -10 to 10");
        }

        private TraceFormatException Wrong(int column, string expected)
        {
            var text = rows[places[column]];
            var shown = text.IsWhiteSpace() ? "nothing stands here" : $"'{(text.Length > 60 ? $"{text[..60]}…" : text)}' does not fit";
            return new TraceFormatException(rows.Line, Columns[column], $"{shown}; expected {expected}.");
        }

        private static readonly (string Word, Target Value)[] Targets = [.. Enum.GetValues<Target>().Select(t => (Words.Of(t), t))];
    }
}
