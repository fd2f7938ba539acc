namespace Qgjob.Core.Apps;

/// <summary>An element of a compiled XML file.</summary>
internal sealed record XmlElement(string Name)
{
    public List<XmlAttribute> Attributes { get; } = [];

    public List<XmlElement> Children { get; } = [];

    public XmlElement? Child(string name) => Children.Find(e => e.Name == name);

    /// <summary>Null where the attribute is absent or a reference to a resource, which only resources.arsc could tell.</summary>
    public string? Text(string name, uint id) => Find(name, id)?.AsText();

    public long? Number(string name, uint id) => Find(name, id)?.AsNumber();

    public bool? Flag(string name, uint id) => Find(name, id)?.AsNumber() is { } n ? n != 0 : null;

    private XmlAttribute? Find(string name, uint id) =>
        Attributes.Find(a => id != 0 && a.Id == id) ?? Attributes.Find(a => a.Id == 0 && a.Name == name);
}

/// <summary>An attribute with its typed value (Res_value in AOSP).</summary>
/// <param name="Id">The framework's id of the attribute; 0 where it has none.</param>
/// <param name="Name">Its name; empty in some shrunk APKs.</param>
/// <param name="Raw">The value as it was written, where that was kept.</param>
/// <param name="Type">The kind of value.</param>
/// <param name="Data">The value's 32 bits.</param>
/// <param name="Value">The string, where the value is one.</param>
internal sealed record XmlAttribute(uint Id, string Name, string? Raw, byte Type, uint Data, string? Value)
{
    public const byte StringType = 0x03;
    private const byte FirstNumber = 0x10;
    private const byte LastNumber = 0x1f;

    public string? AsText() => Type switch
    {
        StringType => Value,
        >= FirstNumber and <= LastNumber => Raw ?? ((int)Data).ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => Raw,
    };

    public long? AsNumber() => Type switch
    {
        >= FirstNumber and <= LastNumber => Data,
        StringType when long.TryParse(Value, System.Globalization.CultureInfo.InvariantCulture, out var n) => n,
        StringType when bool.TryParse(Value, out var flag) => flag ? 1 : 0,
        _ => null,
    };
}
