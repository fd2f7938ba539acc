using Qgjob.Agent.Downloads;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Reporting;

/// <summary>A file that an attempt left.</summary>
/// <param name="Name">Below the out folder, with forward slashes.</param>
internal sealed record LeftFile(string Name, string Path, long Bytes);

/// <summary>What of an attempt's out folder is sent, in this order, and what is not.</summary>
internal sealed record OutFolder(IReadOnlyList<LeftFile> Sent, IReadOnlyList<LeftOutFile> LeftOut)
{
    // The process's output is the log, which the server has.
    private const string Output = "output.log";

    /// <summary>
    /// Looks through the folder. Tests write there what they like: links are not followed, since they may lead anywhere on
    /// this machine; what the server would not take is left out before it is sent. The smallest go first, so that one
    /// large file does not cost the others their place.
    /// </summary>
    public static OutFolder Read(string folder, long maxFile, long maxTogether)
    {
        var (sent, leftOut) = (new List<LeftFile>(), new List<LeftOutFile>());
        if (new DirectoryInfo(folder) is { Exists: true, LinkTarget: null }) Look(new DirectoryInfo(folder), "", sent, leftOut);
        sent.Sort((a, b) => a.Bytes != b.Bytes ? a.Bytes.CompareTo(b.Bytes) : string.CompareOrdinal(a.Name, b.Name));
        long together = 0;
        for (var i = 0; i < sent.Count; i++)
        {
            var file = sent[i];
            var why = file.Bytes > maxFile ? $"larger than {ByteSize.Text(maxFile)} (--max-artifact of the server)"
                : together + file.Bytes > maxTogether ? $"the attempt's files are larger than {ByteSize.Text(maxTogether)} together (--max-attempt of the server)"
                : null;
            together += file.Bytes;
            if (why is null) continue;
            together -= file.Bytes;
            leftOut.Add(new LeftOutFile(file.Name, file.Bytes, $"Not kept: {why}."));
            sent.RemoveAt(i--);
        }

        return new OutFolder(sent, leftOut);
    }

    /// <summary>What is left out, for the attempt's log.</summary>
    public IEnumerable<string> Notes => LeftOut.Select(f => $"{f.Name} ({ByteSize.Text(f.SizeBytes)}): {f.Note}");

    private static void Look(DirectoryInfo folder, string prefix, List<LeftFile> sent, List<LeftOutFile> leftOut)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            var name = prefix + entry.Name;
            try
            {
                if (entry.LinkTarget is not null) leftOut.Add(new LeftOutFile(name, 0, "Not kept: it is a link, and links are not followed."));
                else if (entry is DirectoryInfo deeper) Look(deeper, name + "/", sent, leftOut);
                else if (!entry.Exists) leftOut.Add(new LeftOutFile(name, 0, "Not kept: its name is no text."));
                else if (name != Output) sent.Add(new LeftFile(name, entry.FullName, ((FileInfo)entry).Length));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                leftOut.Add(new LeftOutFile(name, 0, $"Not kept: {e.Message}"));
            }
        }
    }
}
