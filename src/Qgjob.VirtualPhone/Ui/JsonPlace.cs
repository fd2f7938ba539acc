using System.Text.Json;

namespace Qgjob.Phones.Ui;

/// <summary>A JSON value together with where it stands, so that every complaint can name the place.</summary>
internal readonly record struct JsonPlace(JsonElement Json, string Path)
{
    public JsonValueKind Kind => Json.ValueKind;

    public UiDescriptionException Wrong(string problem) => new(Path.Length == 0 ? problem : $"{Path}: {problem}");

    public JsonPlace? Find(string name) =>
        Json.TryGetProperty(name, out var value) ? new JsonPlace(value, Path.Length == 0 ? name : $"{Path}.{name}") : null;

    public IEnumerable<(string Name, JsonPlace Value)> Properties()
    {
        RequireObject();
        var path = Path;
        return Json.EnumerateObject().Select(p => (p.Name, new JsonPlace(p.Value, path.Length == 0 ? p.Name : $"{path}.{p.Name}")));
    }

    public IEnumerable<JsonPlace> Items()
    {
        if (Kind != JsonValueKind.Array)
            throw Wrong($"must be a list, not {Describe()}");
        var path = Path;
        return Json.EnumerateArray().Select((item, i) => new JsonPlace(item, $"{path}[{i}]"));
    }

    public string Text() => Kind switch
    {
        JsonValueKind.String => Json.GetString()!,
        JsonValueKind.Number => Json.GetRawText(),
        _ => throw Wrong($"must be a text, not {Describe()}"),
    };

    public bool Flag() => Kind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong($"must be true or false, not {Describe()}"),
    };

    public void RequireObject()
    {
        if (Kind != JsonValueKind.Object)
            throw Wrong($"must be an object, not {Describe()}");
    }

    public void Allow(params ReadOnlySpan<string> names)
    {
        RequireObject();
        foreach (var property in Json.EnumerateObject())
        {
            if (!names.Contains(property.Name))
                throw Wrong($"unknown key '{property.Name}' (known here: {string.Join(", ", names.ToArray())})");
        }
    }

    private string Describe() => Kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
