using System.Text.Json;

namespace Qgjob.Phones.Ui;

/// <summary>Reads a description, and refuses what could not work: unknown keys, names and screens.</summary>
internal static class UiDescriptionParser
{
    private const int MaxDepth = 40;

    public static UiDescription Parse(JsonPlace root)
    {
        root.Allow("data", "vars", "start", "screens", "back");
        var data = Values(root.Find("data"));
        var vars = Values(root.Find("vars"));
        if (vars.Keys.FirstOrDefault(data.ContainsKey) is { } twice)
            throw root.Wrong($"'{twice}' is both in data and in vars");
        var places = (root.Find("screens") ?? throw root.Wrong("'screens' is missing")).Properties().ToList();
        if (places.Count == 0)
            throw root.Wrong("'screens' is empty");

        var all = new Dictionary<string, UiValue>(data);
        foreach (var (name, value) in vars)
            all[name] = value;
        var names = new UiNames(all, new HashSet<string>(), places.Select(s => s.Name).ToHashSet());
        var screens = new Dictionary<string, IReadOnlyList<UiNode>>();
        foreach (var (name, place) in places)
            screens[name] = [.. place.Items().Select((node, i) => Node(node, names, $"{name}/{i}", 0))];
        var (first, start) = Start(root.Find("start"), names, places[0].Name);
        return new UiDescription(data, vars, start, first, screens, Back(root.Find("back"), names));
    }

    private static Dictionary<string, UiValue> Values(JsonPlace? place)
    {
        var values = new Dictionary<string, UiValue>();
        if (place is not { } given)
            return values;
        foreach (var (name, value) in given.Properties())
        {
            if (name is UiNames.Version or UiNames.Package)
                throw value.Wrong($"'{name}' is a name with a fixed meaning");
            values[name] = UiValue.FromJson(value.Json)
                ?? throw value.Wrong("must be a text, true, false or a list of texts");
        }

        return values;
    }

    private static (string First, IReadOnlyList<UiAction> Actions) Start(JsonPlace? place, UiNames names, string first)
    {
        if (place is not { } start)
            return (first, []);
        if (start.Kind != JsonValueKind.String)
            return (first, UiAction.ParseList(start, names));
        names.RequireScreen(start, start.Text());
        return (start.Text(), []);
    }

    private static Dictionary<string, string> Back(JsonPlace? place, UiNames names)
    {
        var back = new Dictionary<string, string>();
        if (place is not { } given)
            return back;
        foreach (var (from, to) in given.Properties())
        {
            names.RequireScreen(to, from);
            names.RequireScreen(to, to.Text());
            back[from] = to.Text();
        }

        return back;
    }

    private static UiNode Node(JsonPlace place, UiNames names, string key, int depth)
    {
        if (depth > MaxDepth)
            throw place.Wrong("views are nested too deeply");
        place.Allow("class", "id", "text", "desc", "hint", "field", "secret", "scrollable", "when", "checked", "enabled",
            "selected", "tap", "long_tap", "children", "each", "as", "index", "template");
        var field = place.Find("field");
        if (field is { } f)
        {
            names.RequireStored(f, f.Text());
            if (names.Values[f.Text()] is not UiText)
                throw f.Wrong($"'{f.Text()}' is not a text");
        }

        return new UiNode
        {
            Key = key,
            Class = ClassName(place),
            Id = place.Find("id")?.Text(),
            Text = Template(place.Find("text"), names),
            Desc = Template(place.Find("desc"), names),
            Hint = Template(place.Find("hint"), names),
            Field = field?.Text(),
            Secret = place.Find("secret")?.Flag() ?? false,
            Scrollable = place.Find("scrollable")?.Flag() ?? false,
            When = Condition(place.Find("when"), names),
            Checked = Condition(place.Find("checked"), names),
            Enabled = Condition(place.Find("enabled"), names),
            Selected = Condition(place.Find("selected"), names),
            Tap = place.Find("tap") is { } tap ? UiAction.ParseList(tap, names) : null,
            LongTap = place.Find("long_tap") is { } longTap ? UiAction.ParseList(longTap, names) : null,
            Children = place.Find("children") is { } children
                ? [.. children.Items().Select((child, i) => Node(child, names, $"{key}/{i}", depth + 1))]
                : [],
            Each = Repeat(place, names, key, depth),
        };
    }

    private static UiRepeat? Repeat(JsonPlace place, UiNames names, string key, int depth)
    {
        if (place.Find("each") is not { } each)
        {
            return place.Find("template") is null && place.Find("as") is null && place.Find("index") is null
                ? null
                : throw place.Wrong("'as', 'index' and 'template' need 'each'");
        }

        var list = each.Text().Trim('{', '}');
        names.RequireList(each, list);
        var item = (place.Find("as") ?? throw place.Wrong("'each' needs 'as'")).Text();
        var index = place.Find("index")?.Text();
        var template = place.Find("template") ?? throw place.Wrong("'each' needs 'template'");
        return new UiRepeat(list, item, index, Node(template, names.With(item, index), key + "/each", depth + 1));
    }

    /// <summary>Short names are Android's own widgets.</summary>
    private static string ClassName(JsonPlace place)
    {
        var name = (place.Find("class") ?? throw place.Wrong("'class' is missing")).Text();
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '$') || !char.IsAsciiLetter(name[0]))
            throw place.Wrong($"'{name}' is no class name");
        return name switch
        {
            "View" or "ViewGroup" => "android.view." + name,
            "WebView" => "android.webkit.WebView",
            _ when name.Contains('.', StringComparison.Ordinal) => name,
            _ => "android.widget." + name,
        };
    }

    private static UiTemplate? Template(JsonPlace? place, UiNames names) =>
        place is { } given ? UiTemplate.Parse(given, names) : null;

    private static UiCondition? Condition(JsonPlace? place, UiNames names) =>
        place is { } given ? UiCondition.Parse(given, names) : null;
}
