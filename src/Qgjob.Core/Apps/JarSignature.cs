namespace Qgjob.Core.Apps;

/// <summary>As much of PKCS #7 in DER as leads to the first certificate (RFC 2315, section 9.1).</summary>
internal static class JarSignature
{
    private const byte Sequence = 0x30;
    private const byte Constructed0 = 0xa0;

    /// <exception cref="InvalidDataException">The bytes are something else.</exception>
    public static byte[] FirstCertificate(ReadOnlySpan<byte> file)
    {
        var contentInfo = Enter(file, Sequence);
        contentInfo = Skip(contentInfo);                       // its type
        var signedData = Enter(Enter(contentInfo, Constructed0), Sequence);
        signedData = Skip(Skip(Skip(signedData)));             // version, digest algorithms, content
        var certificates = Enter(signedData, Constructed0);
        var (_, header, length) = Header(certificates);
        return certificates[..(header + length)].ToArray();
    }

    private static ReadOnlySpan<byte> Enter(ReadOnlySpan<byte> from, byte tag)
    {
        var (found, header, length) = Header(from);
        return found == tag ? from.Slice(header, length) : throw new InvalidDataException($"DER tag {found:x2}, not {tag:x2}");
    }

    private static ReadOnlySpan<byte> Skip(ReadOnlySpan<byte> from)
    {
        var (_, header, length) = Header(from);
        return from[(header + length)..];
    }

    private static (byte Tag, int Header, int Length) Header(ReadOnlySpan<byte> from)
    {
        if (from.Length < 2) throw new InvalidDataException("DER ends early");
        var (header, length) = (2, (int)from[1]);
        if (length >= 0x80)
        {
            var bytes = length & 0x7f;
            if (bytes is 0 or > 3 || from.Length < 2 + bytes) throw new InvalidDataException("DER length");
            length = 0;
            for (var i = 0; i < bytes; i++) length = (length << 8) | from[2 + i];
            header += bytes;
        }

        return length <= from.Length - header ? (from[0], header, length) : throw new InvalidDataException("DER ends early");
    }
}
