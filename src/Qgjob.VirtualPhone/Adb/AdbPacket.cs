using System.Buffers.Binary;

namespace Qgjob.Phones.Adb;

/// <summary>The 24 bytes in front of every adb message (protocol.txt in AOSP's adb).</summary>
internal readonly record struct AdbPacket(uint Command, uint Arg0, uint Arg1, int Length)
{
    public const uint Connect = 0x4e584e43;
    public const uint Open = 0x4e45504f;
    public const uint Okay = 0x59414b4f;
    public const uint Close = 0x45534c43;
    public const uint Write = 0x45545257;

    public const int HeaderSize = 24;

    /// <summary>From this version on, only the connect message needs a checksum.</summary>
    public const uint Version = 0x01000001;

    /// <summary>Small enough to stay off the large object heap; adb adapts to what the device offers.</summary>
    public const int MaxPayload = 64 * 1024;

    public void WriteHeader(Span<byte> header, uint checksum)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, Command);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Arg0);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Arg1);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], ~Command);
    }

    /// <returns>False for bytes that are no adb header, or announce more than was agreed.</returns>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, out AdbPacket packet)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        packet = new AdbPacket(
            BinaryPrimitives.ReadUInt32LittleEndian(header),
            BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[8..]),
            (int)Math.Min(length, int.MaxValue));
        return BinaryPrimitives.ReadUInt32LittleEndian(header[20..]) == ~packet.Command && length <= MaxPayload;
    }
}
