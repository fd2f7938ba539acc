namespace Qgjob.Server.Blobs;

/// <summary>A blob as a listing shows it.</summary>
internal sealed record BlobInfo(string Key, long Length, DateTimeOffset ModifiedAt);

/// <summary>A blob's bytes from its start; seekable, with a length. Whoever gets it disposes the content.</summary>
internal sealed record OpenBlob(Stream Content, DateTimeOffset ModifiedAt);

/// <summary>
/// Where builds, test bundles, logs and artifacts are. Keys are those of <see cref="BlobKeys"/>; every server of several
/// sees the same blobs. A blob appears under its key only when it is whole and safe from a crash.
/// </summary>
/// <remarks>What does not answer throws <see cref="BlobsUnavailableException"/>, a full disk the file system's own exception.</remarks>
internal interface IBlobs
{
    /// <summary>The place as people may read it: without secrets.</summary>
    string Place { get; }

    /// <summary>Looks at the start whether blobs can be written.</summary>
    /// <exception cref="Hosting.SettingsException">They cannot; the message says why.</exception>
    Task CheckAsync(CancellationToken cancel);

    /// <summary>Gives an upload its key, replacing what has it.</summary>
    Task PutAsync(string key, ReceivedFile file, CancellationToken cancel);

    Task PutAsync(string key, ReadOnlyMemory<byte> bytes, CancellationToken cancel);

    Task<bool> ExistsAsync(string key, CancellationToken cancel);

    /// <summary>The blob, or null.</summary>
    Task<OpenBlob?> OpenAsync(string key, CancellationToken cancel);

    /// <summary>All blobs whose key begins with the prefix, which ends in <c>/</c>; in no order.</summary>
    IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancel);

    /// <summary>Removes blobs; those that are gone already count as removed.</summary>
    Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancel);

    /// <summary>Removes all blobs whose key begins with the prefix, which ends in <c>/</c>.</summary>
    Task DeleteAllAsync(string prefix, CancellationToken cancel);

    /// <summary>Appends to a log what is not there yet; what comes after a gap is left out.</summary>
    /// <returns>The log's length.</returns>
    /// <exception cref="Http.RefusedException">It would become longer than the limit (<c>max-log</c>).</exception>
    Task<long> AppendAsync(string key, long offset, ReadOnlyMemory<byte> bytes, long limit, CancellationToken cancel);

    /// <summary>Copies what a log has behind a position.</summary>
    /// <returns>The position behind what was copied.</returns>
    Task<long> CopyLogAsync(string key, long position, Stream target, CancellationToken cancel);

    /// <summary>Notes that a blob was used, so that it is kept.</summary>
    /// <returns>False when there is no such blob.</returns>
    ValueTask<bool> UseAsync(string key, DateTimeOffset now, CancellationToken cancel);

    /// <summary>When a blob was last used or written.</summary>
    ValueTask<DateTimeOffset> LastUseAsync(BlobInfo blob, CancellationToken cancel);
}

/// <summary>The place of the blobs does not answer, or not as it should. Not the client's fault; it may try again.</summary>
internal sealed class BlobsUnavailableException(string message, Exception inner) : Exception(message, inner);
