using System.IO.Compression;

namespace Qgjob.Cli.Reports;

/// <summary>Unpacks what came from tests: nothing leaves the folder, becomes a link, or grows without end.</summary>
internal static class SafeUnzip
{
    private const int MostEntries = 200_000;
    private const long MostBytes = 8L << 30;

    /// <exception cref="InvalidDataException">It is no zip, or a hostile one; what was unpacked till then is there.</exception>
    public static void Unpack(string zipFile, string folder, long mostBytes = MostBytes)
    {
        var root = Directory.CreateDirectory(folder).FullName + Path.DirectorySeparatorChar;
        using var zip = ZipFile.OpenRead(zipFile);
        if (zip.Entries.Count > MostEntries) throw new InvalidDataException($"It has more than {MostEntries} files.");
        var buffer = new byte[128 * 1024];
        var left = mostBytes;
        foreach (var entry in zip.Entries)
        {
            if (entry.FullName.EndsWith('/')) continue;
            var target = Path.GetFullPath(Path.Combine(root, entry.FullName));
            if (!target.StartsWith(root, StringComparison.Ordinal) || entry.FullName.Contains('\\', StringComparison.Ordinal))
                throw new InvalidDataException($"The file name '{entry.FullName}' would leave the folder.");
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var source = entry.Open();
            // A name that comes twice is refused by the file system.
            using var file = new FileStream(target, FileMode.CreateNew);
            for (int read; (read = source.Read(buffer)) > 0; file.Write(buffer, 0, read))
                if ((left -= read) < 0) throw new InvalidDataException($"It unpacks to more than {mostBytes} bytes.");
        }
    }
}
