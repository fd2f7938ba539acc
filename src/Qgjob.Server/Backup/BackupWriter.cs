using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Qgjob.Core.Storage.Journal;
using Qgjob.Stores;

namespace Qgjob.Server.Backup;

/// <summary>Writes a store as lines of JSON: a header, parts of rows, a trailer with counts and a hash.</summary>
internal sealed class BackupWriter(Stream to, TimeProvider time, string version)
{
    public const int Format = 1;

    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <exception cref="BackupException">There is nothing to export.</exception>
    public async Task WriteAsync(IAsyncEnumerable<RowChanges> parts, RowTally tally, CancellationToken cancel)
    {
        Head? head = null;
        await foreach (var part in tally.CountAsync(parts, cancel))
        {
            if (head is null)
            {
                head = part.Head == Head.Empty ? throw new BackupException("The store is empty; there is nothing to export.") : part.Head;
                await LineAsync(new BackupHeader(Format, time.GetUtcNow(), version, head), BackupJson.Default.BackupHeader, cancel);
            }
            await LineAsync(part, RowJson.Default.RowChanges, cancel);
        }
        if (head is null) throw new BackupException("The store is empty; there is nothing to export.");
        var trailer = new BackupTrailer(tally.Rows, tally.Runs, tally.Jobs, Convert.ToHexStringLower(hash.GetCurrentHash()));
        await LineAsync(trailer, BackupJson.Default.BackupTrailer, cancel);
        await to.FlushAsync(cancel);
    }

    private async Task LineAsync<T>(T value, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(value, type), (byte)'\n'];
        hash.AppendData(line);
        await to.WriteAsync(line, cancel);
    }
}
