using System.Globalization;
using System.Text.Json;

namespace Qgjob.Phones.Ui;

/// <summary>A value of an app's data or variables.</summary>
internal abstract record UiValue
{
    public static readonly UiValue Nothing = new UiText("");

    /// <summary>The value as a screen would show it.</summary>
    public abstract string Text { get; }

    public abstract bool IsEmpty { get; }

    /// <summary>The same kind of value, holding nothing.</summary>
    public abstract UiValue Cleared();

    public static UiValue? FromJson(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => new UiText(json.GetString()!),
        JsonValueKind.Number => new UiText(json.GetRawText()),
        JsonValueKind.True => new UiFlag(true),
        JsonValueKind.False => new UiFlag(false),
        JsonValueKind.Array when json.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String) =>
            new UiList([.. json.EnumerateArray().Select(e => e.GetString()!)]),
        _ => null,
    };

    public abstract void Write(Utf8JsonWriter json);
}

internal sealed record UiText(string Value) : UiValue
{
    public override string Text => Value;

    public override bool IsEmpty => Value.Length == 0;

    public override UiValue Cleared() => Nothing;

    public override void Write(Utf8JsonWriter json) => json.WriteStringValue(Value);
}

internal sealed record UiFlag(bool Value) : UiValue
{
    public override string Text => Value ? "true" : "false";

    public override bool IsEmpty => !Value;

    public override UiValue Cleared() => new UiFlag(false);

    public override void Write(Utf8JsonWriter json) => json.WriteBooleanValue(Value);
}

internal sealed record UiList(IReadOnlyList<string> Items) : UiValue
{
    public override string Text => string.Join(", ", Items);

    public override bool IsEmpty => Items.Count == 0;

    public string Count => Items.Count.ToString(CultureInfo.InvariantCulture);

    public override UiValue Cleared() => new UiList([]);

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var item in Items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
