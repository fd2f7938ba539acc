using System.Buffers.Binary;

namespace Qgjob.Core.Video;

/// <summary>
/// Writes an H.264 video into an MP4 file as it comes. Until its end the file is fragmented, so that what is there can be
/// played whatever becomes of the writer; <see cref="FinishAsync"/> turns it into a plain one, with which players can seek.
/// </summary>
/// <param name="path">The file.</param>
public sealed class Mp4Recording(string path) : IAsyncDisposable
{
    private const uint Guess = 100; // Milliseconds: how long a picture stays is known when the next one comes.
    private readonly List<Mp4Sample> samples = [];
    private FileStream? file;
    private Mp4Track? track;
    private byte[]? sps;
    private TimeSpan startedAt;

    /// <summary>Pictures so far.</summary>
    public int Pictures => samples.Count;

    /// <summary>Adds a picture; those before the first key picture are left out, since nothing can decode them.</summary>
    /// <exception cref="InvalidDataException">The stream's parameters make no sense.</exception>
    public async Task AddAsync(AccessUnit picture, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(picture);
        foreach (var unit in picture.Units)
        {
            if (NalType.Of(unit.Span) == NalType.Sps) sps ??= unit.ToArray();
            else if (NalType.Of(unit.Span) == NalType.Pps && sps is { Length: > 3 }) track ??= new Mp4Track(sps, unit.ToArray());
        }

        if (track is null || !picture.HasPicture || (samples.Count == 0 && !picture.IsKey)) return;
        if (file is null)
        {
            file = new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, 1);
            await file.WriteAsync((byte[])[.. Mp4Track.FileType, .. track.Open()], cancel).ConfigureAwait(false);
        }

        var data = WithLengths(picture);
        if (samples.Count == 0) startedAt = picture.At;
        var at = (uint)Math.Max((picture.At - startedAt).TotalMilliseconds, samples is [.., var last] ? last.At + 1 : 0);
        var sample = new Mp4Sample(0, data.Length, at, picture.IsKey);
        var head = Mp4Track.Fragment((uint)samples.Count + 1, sample, Guess);
        samples.Add(sample with { Offset = file.Position + head.Length });
        // In one write: what is in the file is whole.
        await file.WriteAsync((byte[])[.. head, .. data], cancel).ConfigureAwait(false);
    }

    /// <summary>Ends the video.</summary>
    /// <param name="end">How long the last picture was seen, on the clock of the pictures.</param>
    /// <param name="cancel">Leaves the file as it is.</param>
    /// <returns>False when there was no picture, and so there is no file.</returns>
    public async Task<bool> FinishAsync(TimeSpan end, CancellationToken cancel)
    {
        if (file is null || track is null) return false;
        var length = (uint)Math.Max((end - startedAt).TotalMilliseconds, samples[^1].At + Guess);
        var size = samples.Sum(s => (long)s.Size);
        // Offsets of 32 bits: a video of 4 GB stays fragmented.
        if (size > uint.MaxValue - (16L << 20)) return true;
        var (type, head) = (Mp4Track.FileType, track.Closed(samples, length, 0));
        head = track.Closed(samples, length, (uint)(type.Length + head.Length + 8));
        var whole = path + ".whole";
        using (var target = new FileStream(whole, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await target.WriteAsync((byte[])[.. type, .. head, .. Mp4Boxes.U32((uint)size + 8), .. "mdat"u8], cancel).ConfigureAwait(false);
            foreach (var sample in samples)
            {
                var data = new byte[sample.Size];
                file.Position = sample.Offset;
                await file.ReadExactlyAsync(data, cancel).ConfigureAwait(false);
                await target.WriteAsync(data, cancel).ConfigureAwait(false);
            }
        }

        await file.DisposeAsync().ConfigureAwait(false);
        file = null;
        File.Move(whole, path, overwrite: true);
        return true;
    }

    /// <summary>Closes the file as it is.</summary>
    public async ValueTask DisposeAsync()
    {
        if (file is not null) await file.DisposeAsync().ConfigureAwait(false);
        file = null;
    }

    /// <summary>MP4 has lengths where the stream has start codes; parameter sets are in the head already.</summary>
    private static byte[] WithLengths(AccessUnit picture)
    {
        var units = picture.Units.Where(u => NalType.Of(u.Span) is not (NalType.Sps or NalType.Pps)).ToList();
        var data = new byte[units.Sum(u => 4 + u.Length)];
        var at = 0;
        foreach (var unit in units)
        {
            BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(at), unit.Length);
            unit.Span.CopyTo(data.AsSpan(at + 4));
            at += 4 + unit.Length;
        }

        return data;
    }
}
