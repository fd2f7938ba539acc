using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores;

namespace Qgjob.Server.Backup;

/// <summary>Reads a backup file, compressed or not. It is read twice: first to see that it is whole.</summary>
internal sealed class BackupReader(string path)
{
    private const string CutShort = "The backup is damaged or cut short; nothing was imported.";

    /// <summary>Reads everything and compares counts and hash.</summary>
    /// <exception cref="BackupException">The file is no backup, of a later format, damaged or cut short.</exception>
    public async Task<BackupHeader> CheckAsync(CancellationToken cancel)
    {
        BackupHeader? header = null;
        var tally = new RowTally("read", static _ => { });
        await foreach (var item in ReadAsync(cancel))
            switch (item)
            {
                case BackupHeader first:
                    header = first;
                    break;
                case RowChanges part when part.Head != header!.Head || part.Jobs.Any(j => j.Spec is null):
                    throw new BackupException("The backup is damaged: a part does not belong to it.");
                case RowChanges part:
                    tally.Count(part);
                    break;
                case BackupTrailer end when (end.Rows, end.Runs, end.Jobs) != (tally.Rows, tally.Runs, tally.Jobs):
                    throw new BackupException($"The backup is damaged: it should have {end.Rows} rows and has {tally.Rows}.");
            }
        return header!;
    }

    /// <summary>The rows. Only of a file that was checked.</summary>
    public async IAsyncEnumerable<RowChanges> PartsAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var item in ReadAsync(cancel))
            if (item is RowChanges part)
                yield return part;
    }

    /// <summary>Header, parts and, at last, the trailer; it throws where one of them is missing or the hash is another.</summary>
    private async IAsyncEnumerable<object> ReadAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        await using var file = File.OpenRead(path);
        using var text = new StreamReader(Unpacked(file), Encoding.UTF8);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string? last = null;
        var begun = false;
        // Which line is the last one shows only when no other follows.
        while (await LineAsync(text, cancel) is { } line)
        {
            if (last is not null)
            {
                hash.AppendData(Encoding.UTF8.GetBytes(last + "\n"));
                yield return begun ? Parse(last, RowJson.Default.RowChanges) : Header(last);
                begun = true;
            }
            last = line;
        }
        if (!begun)
        {
            if (last is not null) Header(last);
            throw new BackupException(last is null ? "The backup is empty." : CutShort);
        }
        if (Parse(last!, BackupJson.Default.BackupTrailer) is not { Sha256: { } sha256 } trailer) throw new BackupException(CutShort);
        if (!Convert.ToHexString(hash.GetHashAndReset()).Equals(sha256, StringComparison.OrdinalIgnoreCase))
            throw new BackupException("The backup is damaged: its hash is not the one that its last line names.");
        yield return trailer;
    }

    private static BackupHeader Header(string line)
    {
        BackupHeader? header = null;
        try
        {
            header = JsonSerializer.Deserialize(line, BackupJson.Default.BackupHeader);
        }
        catch (JsonException)
        {
            // Said below.
        }
        if (header is not { QgjobBackup: > 0, Head: not null }) throw new BackupException("This is not a backup of qgjob: its first line says nothing of it.");
        return header.QgjobBackup <= BackupWriter.Format
            ? header
            : throw new BackupException($"The backup has format {header.QgjobBackup} (made by qgjob-server {header.By}), and this version reads {BackupWriter.Format} at most; use a server that is at least as new.");
    }

    private static T Parse<T>(string line, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(line, type) ?? throw new BackupException(CutShort);
        }
        catch (JsonException)
        {
            throw new BackupException(CutShort);
        }
    }

    private static async Task<string?> LineAsync(StreamReader text, CancellationToken cancel)
    {
        try
        {
            return await text.ReadLineAsync(cancel);
        }
        catch (InvalidDataException)
        {
            throw new BackupException(CutShort);
        }
    }

    /// <summary>By what the file holds, not by its name: standard input has none.</summary>
    private static Stream Unpacked(FileStream file)
    {
        Span<byte> magic = stackalloc byte[2];
        var read = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        file.Position = 0;
        return read == 2 && magic is [0x1f, 0x8b] ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
