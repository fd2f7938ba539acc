using System.Buffers.Binary;

namespace Qgjob.Core.Apps;

/// <summary>Reads Android's compiled XML (see ResourceTypes.h in AOSP): chunks of strings, resource ids and elements.</summary>
internal static class BinaryXml
{
    private const int XmlFile = 0x0003;
    private const int StringPool = 0x0001;
    private const int ResourceMap = 0x0180;
    private const int StartElement = 0x0102;
    private const int EndElement = 0x0103;

    // Deeper or larger trees than these are made to hurt, not to install.
    private const int MaxDepth = 256;
    private const int MaxElements = 200_000;

    public static XmlElement Parse(byte[] file)
    {
        try
        {
            return ParseChunks(file);
        }
        catch (Exception ex) when (ex is ArgumentOutOfRangeException or IndexOutOfRangeException or OverflowException)
        {
            throw Damaged("it points outside itself", ex);
        }
    }

    internal static InvalidApkException Damaged(string how, Exception? cause = null) =>
        cause is null
            ? new($"The APK's AndroidManifest.xml is damaged: {how}.")
            : new($"The APK's AndroidManifest.xml is damaged: {how}.", cause);

    private static XmlElement ParseChunks(byte[] file)
    {
        if (file.Length < 8 || U16(file, 0) != XmlFile)
        {
            throw file.AsSpan().TrimStart(" \t\r\n\uFEFF"u8).StartsWith("<"u8)
                ? new InvalidApkException("The APK's AndroidManifest.xml is plain text; in an APK it must be compiled (by aapt).")
                : Damaged("it is not compiled Android XML");
        }

        StringPool? strings = null;
        uint[] ids = [];
        XmlElement? root = null;
        var open = new Stack<XmlElement>();
        var elements = 0;
        for (int at = U16(file, 2), size; at + 8 <= file.Length; at += size)
        {
            size = checked((int)U32(file, at + 4));
            if (size < 8 || size > file.Length - at)
                throw Damaged("a part of it is longer than the whole");
            var chunk = file.AsSpan(at, size);
            switch (U16(chunk, 0))
            {
                case StringPool:
                    strings ??= new StringPool(chunk.ToArray());
                    break;
                case ResourceMap:
                    ids = new uint[(size - 8) / 4];
                    for (var i = 0; i < ids.Length; i++)
                        ids[i] = U32(chunk, 8 + (4 * i));
                    break;
                case StartElement:
                    if (++elements > MaxElements || open.Count >= MaxDepth)
                        throw Damaged("it has too many elements");
                    var element = ReadElement(chunk, strings ?? throw Damaged("it has no strings"), ids);
                    if (open.TryPeek(out var parent))
                        parent.Children.Add(element);
                    else
                        root ??= element;
                    open.Push(element);
                    break;
                case EndElement when !open.TryPop(out _):
                    throw Damaged("an element ends that never began");
            }
        }

        return root ?? throw Damaged("it has no elements");
    }

    private static XmlElement ReadElement(ReadOnlySpan<byte> chunk, StringPool strings, uint[] ids)
    {
        var body = chunk[U16(chunk, 2)..];
        var element = new XmlElement(strings.Get(U32(body, 4)) ?? "");
        int start = U16(body, 8), stride = U16(body, 10), count = U16(body, 12);
        if (count > 0 && stride < 20)
            throw Damaged("its attributes are too short");
        for (var i = 0; i < count; i++)
        {
            var attribute = body.Slice(start + (i * stride), 20);
            var name = U32(attribute, 4);
            element.Attributes.Add(new XmlAttribute(
                name < ids.Length ? ids[name] : 0,
                strings.Get(name) ?? "",
                strings.Get(U32(attribute, 8)),
                attribute[15],
                U32(attribute, 16),
                attribute[15] == XmlAttribute.StringType ? strings.Get(U32(attribute, 16)) : null));
        }

        return element;
    }

    internal static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    internal static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
