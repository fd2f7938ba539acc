namespace Qgjob.Faults.Tests.History;

/// <summary>Counts the attempts that have begun, reading only what the phones' logs have gained since the last look.</summary>
internal sealed class BeginCounter(string folder)
{
    private readonly Dictionary<string, long> read = [];
    private int count;

    public int Count()
    {
        if (!Directory.Exists(folder)) return 0;
        foreach (var path in Directory.GetFiles(folder))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var from = read.GetValueOrDefault(path);
            if (file.Length == from) continue;
            file.Position = from;
            var gained = new byte[file.Length - from];
            file.ReadExactly(gained);
            // Only whole lines: the rest is read the next time.
            var whole = gained.AsSpan(0, gained.AsSpan().LastIndexOf((byte)'\n') + 1);
            read[path] = from + whole.Length;
            for (int at; (at = whole.IndexOf(" begin "u8)) >= 0; whole = whole[(at + 1)..]) count++;
        }
        return count;
    }
}
