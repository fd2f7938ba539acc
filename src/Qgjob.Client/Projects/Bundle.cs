using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Qgjob.Client.Projects;

/// <summary>A test bundle on this machine's disk.</summary>
/// <param name="File">The file; whoever asked for it deletes it.</param>
/// <param name="Sha256">Hash of its bytes, hex.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="FileCount">Files in it.</param>
public sealed record PackedBundle(string File, string Sha256, long SizeBytes, int FileCount);

/// <summary>What a bundle may hold at most.</summary>
/// <param name="Bytes">Bytes of all files together.</param>
/// <param name="Files">Number of files and links.</param>
public sealed record BundleLimits(long Bytes = 2L << 30, int Files = 50_000);

/// <summary>Packs projects into test bundles and unpacks them.</summary>
/// <remarks>
/// A bundle is a plain tar in GNU's form: names sorted, times and owners zero, modes 644 or 755. It is not compressed,
/// because what a compressor writes differs between its versions and processors, and the same files shall have the same
/// hash everywhere. The reader takes gzip, too.
/// </remarks>
public static class Bundle
{
    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Program = Plain | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const int LargestNamed = 5;

    /// <summary>Writes the bundle of these files.</summary>
    /// <param name="files">The project's files; see <see cref="ProjectSources"/>.</param>
    /// <param name="target">The file to write.</param>
    /// <param name="maxBytes">Largest sum of the files' lengths.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="BundleException">The project is too large.</exception>
    public static async Task<PackedBundle> PackAsync(IReadOnlyList<ProjectFile> files, string target, long maxBytes, CancellationToken cancel)
    {
        var total = files.Sum(f => f.SizeBytes);
        if (total > maxBytes)
        {
            var largest = files.OrderByDescending(f => f.SizeBytes).ThenBy(f => f.Path, StringComparer.Ordinal).Take(LargestNamed)
                .Select(f => $"{f.Path} ({Megabytes(f.SizeBytes)})");
            throw new BundleException(
                $"The project is {Megabytes(total)} large, more than {Megabytes(maxBytes)}. Its largest files: {string.Join(", ", largest)}. Name what the tests do not need in .gitignore.");
        }
        var output = new FileStream(target, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, Options = FileOptions.Asynchronous });
        await using (output.ConfigureAwait(false))
        {
            var tar = new TarWriter(output, TarEntryFormat.Gnu, leaveOpen: true);
            await using (tar.ConfigureAwait(false))
                foreach (var file in files) await WriteAsync(tar, file, cancel).ConfigureAwait(false);
            output.Position = 0;
            var hash = await SHA256.HashDataAsync(output, cancel).ConfigureAwait(false);
            return new PackedBundle(target, Convert.ToHexStringLower(hash), output.Length, files.Count);
        }
    }

    /// <summary>Unpacks a bundle into a folder that is empty or missing. Nothing outside the folder is touched, whatever the bundle holds.</summary>
    /// <exception cref="BundleException">It is no bundle, it is damaged, too large, or tries to leave the folder.</exception>
    public static async Task UnpackAsync(Stream bundle, string folder, BundleLimits limits, CancellationToken cancel)
    {
        var unpacking = new BundleReader(folder, limits);
        try
        {
            var buffered = new BufferedStream(bundle, 64 << 10);
            await using (buffered.ConfigureAwait(false))
                await unpacking.ReadAsync(await PlainAsync(buffered, cancel).ConfigureAwait(false), cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new BundleException($"The bundle is damaged: {e.Message}");
        }
    }

    private static async Task<Stream> PlainAsync(BufferedStream stream, CancellationToken cancel)
    {
        var start = new byte[2];
        var read = await stream.ReadAtLeastAsync(start, 2, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
        var whole = new PrefixedStream(start.AsMemory(0, read), stream);
        return read == 2 && start[0] == 0x1f && start[1] == 0x8b ? new GZipStream(whole, CompressionMode.Decompress) : whole;
    }

    private static async Task WriteAsync(TarWriter tar, ProjectFile file, CancellationToken cancel)
    {
        var entry = new GnuTarEntry(file.LinkTarget is null ? TarEntryType.RegularFile : TarEntryType.SymbolicLink, file.Path)
        {
            ModificationTime = DateTimeOffset.UnixEpoch,
            Uid = 0,
            Gid = 0,
            Mode = file.Executable ? Program : Plain,
        };
        if (file.LinkTarget is { } target)
        {
            entry.LinkName = target;
            await tar.WriteEntryAsync(entry, cancel).ConfigureAwait(false);
            return;
        }
        Stream content = file.Content is { } bytes
            ? new MemoryStream(bytes.ToArray(), writable: false)
            : new FileStream(file.FullPath, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
        await using (content.ConfigureAwait(false))
        {
            entry.DataStream = content;
            await tar.WriteEntryAsync(entry, cancel).ConfigureAwait(false);
        }
    }

    private static string Megabytes(long bytes) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB");
}
