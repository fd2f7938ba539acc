namespace Qgjob.Cli.Output;

/// <summary>Finds what somebody may have meant.</summary>
internal static class Spelling
{
    /// <summary>The name that is at most a third of its letters away, or null.</summary>
    public static string? Nearest(string typed, IEnumerable<string> names) =>
        names.Select(n => (Name: n, Distance: Distance(typed, n))).Where(n => n.Distance * 3 <= n.Name.Length + 1)
            .OrderBy(n => n.Distance).Select(n => n.Name).FirstOrDefault();

    /// <summary>Levenshtein's distance: characters to add, drop or change.</summary>
    public static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[^1];
    }
}
