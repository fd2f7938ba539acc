using System.Text;

namespace Qgjob.Agent.AppWright;

/// <summary>Follows a file that another process appends lines to.</summary>
internal sealed class LineTail(string file)
{
    private readonly List<byte> rest = [];
    private long offset;

    /// <summary>The lines that are complete since the last call.</summary>
    public IReadOnlyList<string> Read()
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length <= offset) return [];
        stream.Position = offset;
        var fresh = new byte[stream.Length - offset];
        stream.ReadExactly(fresh);
        offset += fresh.Length;
        var lines = new List<string>();
        foreach (var b in fresh)
        {
            if (b != (byte)'\n')
            {
                rest.Add(b);
                continue;
            }

            lines.Add(Encoding.UTF8.GetString([.. rest]));
            rest.Clear();
        }

        return lines;
    }
}
