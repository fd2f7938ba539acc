using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Qgjob.Phones.Tests;

/// <summary>Makes small APKs: a compiled manifest, and files beside it.</summary>
internal sealed class ApkBuilder
{
    public const string Todo = "com.example.todo";

    private static readonly Dictionary<string, uint> Ids = new()
    {
        ["name"] = 0x01010003,
        ["debuggable"] = 0x0101000f,
        ["enabled"] = 0x0101000e,
        ["targetPackage"] = 0x01010021,
        ["minSdkVersion"] = 0x0101020c,
        ["versionCode"] = 0x0101021b,
        ["versionName"] = 0x0101021c,
        ["targetSdkVersion"] = 0x01010270,
        ["label"] = 0x01010001,
    };

    private readonly Dictionary<string, byte[]> files = [];

    /// <summary>An element: name, attributes (texts, numbers, flags; <see cref="Reference"/> for resources), children.</summary>
    public sealed record Node(string Name, (string Name, object Value)[] Attributes, params Node[] Children);

    public sealed record Reference(uint Id);

    public static Node Manifest(string package, int versionCode = 1, string versionName = "1.0", Node[]? more = null, Node? application = null) =>
        new("manifest", [("package", package), ("versionCode", versionCode), ("versionName", versionName)],
        [
            new("uses-sdk", [("minSdkVersion", 21), ("targetSdkVersion", 29)]),
            new("uses-permission", [("name", "android.permission.CAMERA")]),
            new("uses-permission", [("name", "android.permission.RECORD_AUDIO")]),
            .. more ?? [],
            application ?? new("application", [("label", new Reference(0x7f010000)), ("debuggable", true)], Launcher("activity", ".MainActivity")),
        ]);

    public static Node Launcher(string element, string name, params (string, object)[] more) =>
        new(element, [("name", name), .. more], new Node("intent-filter", [],
            new Node("action", [("name", "android.intent.action.MAIN")]),
            new Node("category", [("name", "android.intent.category.LAUNCHER")])));

    public ApkBuilder With(Node manifest, bool utf8 = false) => With("AndroidManifest.xml", Compile(manifest, utf8));

    public ApkBuilder With(string path, byte[] content)
    {
        files[path] = content;
        return this;
    }

    public ApkBuilder WithUi(string json) => With("assets/qgjob-ui.json", Encoding.UTF8.GetBytes(json));

    public byte[] Build()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (path, content) in files)
            {
                using var entry = zip.CreateEntry(path).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    public static byte[] Compile(Node root, bool utf8 = false)
    {
        var strings = new List<string>();
        // Names with ids come first: the map of ids goes by position.
        foreach (var name in Ids.Keys)
            strings.Add(name);
        var body = new MemoryStream();
        Write(body, root, strings);
        using var file = new MemoryStream();
        var pool = Pool(strings, utf8);
        var map = Chunk(0x0180, [.. Ids.Values.SelectMany(BitConverter.GetBytes)]);
        file.Write(Chunk(0x0003, [.. pool, .. map, .. body.ToArray()]));
        return file.ToArray();
    }

    private static void Write(MemoryStream to, Node node, List<string> strings)
    {
        var text = new List<byte>();
        Add(text, 1, uint.MaxValue, uint.MaxValue, Index(strings, node.Name)); // line, comment, namespace, name
        Short(text, 20, 20, node.Attributes.Length, 0, 0, 0);
        foreach (var (name, value) in node.Attributes)
        {
            var (type, data, raw) = value switch
            {
                string s => (0x03, Index(strings, s), Index(strings, s)),
                int n => (0x10, (uint)n, uint.MaxValue),
                bool b => (0x12, b ? uint.MaxValue : 0, uint.MaxValue),
                Reference r => (0x01, r.Id, uint.MaxValue),
                _ => throw new ArgumentException($"no such value: {value}"),
            };
            Add(text, uint.MaxValue, Index(strings, name), raw);
            Short(text, 8);
            text.AddRange([0, (byte)type]);
            Add(text, data);
        }

        to.Write(Chunk(0x0102, [.. text], headerSize: 16));
        foreach (var child in node.Children)
            Write(to, child, strings);
        var end = new List<byte>();
        Add(end, 1, uint.MaxValue, uint.MaxValue, Index(strings, node.Name));
        to.Write(Chunk(0x0103, [.. end], headerSize: 16));
    }

    private static byte[] Pool(List<string> strings, bool utf8)
    {
        var data = new List<byte>();
        var offsets = new List<byte>();
        foreach (var text in strings)
        {
            Add(offsets, (uint)data.Count);
            if (utf8)
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                data.AddRange([(byte)text.Length, (byte)bytes.Length, .. bytes, 0]);
            }
            else
            {
                Short(data, text.Length);
                data.AddRange([.. Encoding.Unicode.GetBytes(text), 0, 0]);
            }
        }

        while (data.Count % 4 != 0)
            data.Add(0);
        var head = new List<byte>();
        Add(head, (uint)strings.Count, 0, utf8 ? 0x100u : 0, (uint)(28 + offsets.Count), 0);
        return Chunk(0x0001, [.. head, .. offsets, .. data], headerSize: 28);
    }

    private static byte[] Chunk(int type, byte[] content, int headerSize = 8)
    {
        var chunk = new byte[8 + content.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(chunk, (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(chunk.AsSpan(2), (ushort)headerSize);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk.AsSpan(4), (uint)chunk.Length);
        content.CopyTo(chunk, 8);
        return chunk;
    }

    private static uint Index(List<string> strings, string text)
    {
        var at = strings.IndexOf(text);
        if (at < 0)
        {
            at = strings.Count;
            strings.Add(text);
        }

        return (uint)at;
    }

    private static void Add(List<byte> to, params uint[] values) => to.AddRange(values.SelectMany(BitConverter.GetBytes));

    private static void Short(List<byte> to, params int[] values) => to.AddRange(values.SelectMany(v => BitConverter.GetBytes((ushort)v)));
}
