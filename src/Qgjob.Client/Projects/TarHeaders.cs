using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Qgjob.Core;

namespace Qgjob.Client.Projects;

/// <summary>
/// Passes a tar on and looks at its headers on the way. Long names and other notes about a file (PAX's and GNU's headers) have
/// a length of their own, and TarReader makes room for as much as they claim before it reads them: two gigabytes at once.
/// </summary>
/// <exception cref="BundleException">From reading: a header claims more than <see cref="Most"/>.</exception>
internal sealed class TarHeaders(Stream tar) : ReadOnlyStream
{
    /// <summary>Names are 4 KB at most on the systems that bundles come from.</summary>
    public const int Most = 1 << 20;

    private const int Block = 512;
    private readonly byte[] header = new byte[Block];
    private int filled;
    /// <summary>Bytes of what follows the header, up to the next one.</summary>
    private long left;
    private MemoryStream? notes;
    /// <summary>PAX notes can say a file's length, and then its own header's does not count.</summary>
    private long? told;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await tar.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Look(buffer.Span[..read]);
        return read;
    }

    private void Look(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var part = (int)Math.Min(left > 0 ? left : Block - filled, bytes.Length);
            if (left > 0) Pass(bytes[..part]);
            else
            {
                bytes[..part].CopyTo(header.AsSpan(filled));
                if ((filled += part) == Block) Begin();
            }
            bytes = bytes[part..];
        }
    }

    private void Pass(ReadOnlySpan<byte> bytes)
    {
        notes?.Write(bytes);
        left -= bytes.Length;
        if (left > 0 || notes is null) return;
        told = LengthIn(notes.ToArray());
        notes = null;
    }

    private void Begin()
    {
        filled = 0;
        var (kind, size) = ((char)header[156], SizeOf(header.AsSpan(124, 12)));
        var about = kind is 'x' or 'g' or 'L' or 'K';
        if (about && size > Most) throw new BundleException($"The bundle has a header of {size} bytes about a name (PAX or GNU, '{kind}'), and {Most} are the most that is taken.");
        if (!about) (size, told) = (told ?? size, null);
        left = (Math.Min(size, long.MaxValue - Block) + Block - 1) / Block * Block;
        if (kind is 'x' && left > 0) notes = new MemoryStream();
    }

    /// <summary>In octal digits, or, after a first bit that is set, as a number. What is no number TarReader refuses.</summary>
    private static long SizeOf(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0) return Math.Max(0, BinaryPrimitives.ReadInt64BigEndian(field[4..]));
        long size = 0;
        foreach (var digit in field.Trim((ReadOnlySpan<byte>)" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7') return 0;
            size = (size * 8) + digit - '0';
        }
        return size;
    }

    /// <summary>The length among PAX notes, each of which is <c>LENGTH KEY=VALUE</c> and a new line.</summary>
    private static long? LengthIn(ReadOnlySpan<byte> notes)
    {
        while (Utf8Parser.TryParse(notes, out int length, out var digits) && length > digits && length <= notes.Length)
        {
            var note = Encoding.UTF8.GetString(notes[digits..length]);
            if (note.StartsWith(" size=", StringComparison.Ordinal) && long.TryParse(note.AsSpan(6).TrimEnd('\n'), out var size)) return Math.Max(0, size);
            notes = notes[length..];
        }
        return null;
    }
}
