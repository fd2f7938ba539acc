using System.Text;

namespace Qgjob.Agent.AppWright;

/// <summary>Follows a file that another process appends lines to.</summary>
internal sealed class LineTail(string file)
{
    private readonly List<byte> _rest = [];
    private long _offset;

    /// <summary>The lines that are complete since the last call.</summary>
    public IReadOnlyList<string> Read()
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length <= _offset) return [];
        stream.Position = _offset;
        var fresh = new byte[stream.Length - _offset];
        stream.ReadExactly(fresh);
        _offset += fresh.Length;
        var lines = new List<string>();
        foreach (var b in fresh)
        {
            if (b != (byte)'\n')
            {
                _rest.Add(b);
                continue;
            }

            lines.Add(Encoding.UTF8.GetString([.. _rest]));
            _rest.Clear();
        }

        return lines;
    }
}
