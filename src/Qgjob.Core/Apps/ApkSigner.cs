using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Qgjob.Core.Apps;

/// <summary>
/// Who signed an APK. Android lets only the same signer update an app. Nothing is verified here: the phone does that.
/// </summary>
public static class ApkSigner
{
    // source.android.com/docs/security/features/apksigning: the block before the zip's central directory.
    private const uint SchemeV2 = 0x7109871a;
    private const uint SchemeV3 = 0xf05368c0;
    private const int MaxBlock = 16 * 1024 * 1024; // Certificates are kilobytes; whatever needs more is a trap.
    private const int EndRecord = 22;
    private static ReadOnlySpan<byte> Magic => "APK Sig Block 42"u8;

    /// <summary>Reads the signer of an APK file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>SHA-256 of the signing certificate, lower-case hexadecimal, as apksigner prints it; null where the APK is not signed.</returns>
    /// <exception cref="InvalidApkException">The file is no APK, or its signature is damaged.</exception>
    public static string? Read(string path)
    {
        using var file = File.OpenRead(path);
        return Read(file);
    }

    /// <summary>Reads the signer of an APK.</summary>
    /// <param name="apk">A stream that can seek; stays open.</param>
    /// <returns>As above.</returns>
    /// <exception cref="InvalidApkException">The stream is no APK, or its signature is damaged.</exception>
    public static string? Read(Stream apk)
    {
        ArgumentNullException.ThrowIfNull(apk);
        try
        {
            var certificate = BlockOf(apk) is { } block
                ? FromBlock(block, SchemeV3) ?? FromBlock(block, SchemeV2)
                : null;
            certificate ??= FromJarSignature(apk);
            return certificate is null ? null : Convert.ToHexStringLower(SHA256.HashData(certificate));
        }
        catch (Exception ex) when (ex is InvalidDataException or IOException or ArgumentException or OverflowException or NotSupportedException)
        {
            throw new InvalidApkException("The APK's signature cannot be read: the file is damaged or cut short.", ex);
        }
    }

    /// <returns>The pairs of the signing block, without its sizes; null where there is none.</returns>
    private static byte[]? BlockOf(Stream apk)
    {
        if (CentralDirectory(apk) is not { } directory || directory < 32) return null;
        var foot = ReadAt(apk, directory - 24, 24);
        if (!foot.AsSpan(8).SequenceEqual(Magic)) return null;
        var size = BinaryPrimitives.ReadInt64LittleEndian(foot);
        if (size is < 24 or > MaxBlock || size > directory - 8) throw new InvalidDataException("signing block size");
        return ReadAt(apk, directory - size, (int)size - 24);
    }

    private static long? CentralDirectory(Stream apk)
    {
        // The record stands at the very end, before a comment of up to 64 kB.
        var length = (int)Math.Min(apk.Length, EndRecord + ushort.MaxValue);
        var tail = ReadAt(apk, apk.Length - length, length);
        for (var at = length - EndRecord; at >= 0; at--)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at)) == 0x06054b50)
                return BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at + 16));
        }

        return null;
    }

    /// <summary>The first signer's first certificate: the one it signs with.</summary>
    private static byte[]? FromBlock(ReadOnlySpan<byte> pairs, uint scheme)
    {
        while (pairs.Length >= 12)
        {
            var size = BinaryPrimitives.ReadInt64LittleEndian(pairs);
            if (size < 4 || size > pairs.Length - 8) throw new InvalidDataException("signing block pair");
            var id = BinaryPrimitives.ReadUInt32LittleEndian(pairs[8..]);
            var value = pairs[12..(int)(8 + size)];
            pairs = pairs[(int)(8 + size)..];
            if (id != scheme) continue;
            var signer = Take(Take(value, out _), out _);
            var signed = Take(signer, out _);
            _ = Take(signed, out var afterDigests);
            return Take(Take(afterDigests, out _), out _).ToArray();
        }

        return null;
    }

    /// <summary>A value with its length in front.</summary>
    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> from, out ReadOnlySpan<byte> rest)
    {
        if (from.Length < 4) throw new InvalidDataException("signing block length");
        var length = BinaryPrimitives.ReadInt32LittleEndian(from);
        if (length < 0 || length > from.Length - 4) throw new InvalidDataException("signing block length");
        rest = from[(4 + length)..];
        return from.Slice(4, length);
    }

    /// <summary>Scheme 1: a PKCS #7 file beside the manifest of the jar.</summary>
    private static byte[]? FromJarSignature(Stream apk)
    {
        apk.Position = 0;
        using var zip = new ZipArchive(apk, ZipArchiveMode.Read, leaveOpen: true);
        var entry = zip.Entries.FirstOrDefault(e => e.FullName.StartsWith("META-INF/", StringComparison.Ordinal)
            && Path.GetExtension(e.FullName) is ".RSA" or ".DSA" or ".EC");
        if (entry is null) return null;
        if (entry.Length > MaxBlock) throw new InvalidDataException("signature file size");
        using var content = entry.Open();
        var bytes = new byte[entry.Length];
        content.ReadExactly(bytes);
        return JarSignature.FirstCertificate(bytes);
    }

    private static byte[] ReadAt(Stream apk, long position, int length)
    {
        apk.Position = position;
        var bytes = new byte[length];
        apk.ReadExactly(bytes);
        return bytes;
    }
}
