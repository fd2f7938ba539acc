using System.Text.Json;

namespace Qgjob.Phones.Ui;

/// <summary>Something that happens when a view is tapped or an app starts.</summary>
internal abstract record UiAction
{
    public sealed record Set(string Name, UiTemplate To) : UiAction;

    public sealed record SetValue(string Name, UiValue To) : UiAction;

    public sealed record Add(string List, UiTemplate Value) : UiAction;

    public sealed record Remove(string List, UiTemplate Value) : UiAction;

    public sealed record Clear(string Name) : UiAction;

    public sealed record Toggle(string Name) : UiAction;

    public sealed record Go(string Screen) : UiAction;

    public sealed record GoBack : UiAction;

    public sealed record Choose(UiCondition If, IReadOnlyList<UiAction> Then, IReadOnlyList<UiAction> Else) : UiAction;

    public sealed record Crash(UiTemplate Message) : UiAction;

    public sealed record RequestPermission(string Permission) : UiAction;

    public static IReadOnlyList<UiAction> ParseList(JsonPlace place, UiNames names) =>
        place.Kind == JsonValueKind.Array ? [.. place.Items().Select(i => Parse(i, names))] : [Parse(place, names)];

    private static UiAction Parse(JsonPlace place, UiNames names)
    {
        place.RequireObject();
        if (place.Find("if") is { } condition)
        {
            place.Allow("if", "then", "go", "else");
            if (place.Find("then") is not null && place.Find("go") is not null)
                throw place.Wrong("'then' and 'go' exclude each other");
            return new Choose(
                UiCondition.Parse(condition, names),
                Branch(place.Find("then") ?? place.Find("go"), names),
                Branch(place.Find("else"), names));
        }

        if (place.Find("set") is { } set)
        {
            place.Allow("set", "to");
            names.RequireStored(set, set.Text());
            var to = place.Find("to") ?? throw place.Wrong("'set' needs 'to'");
            return to.Kind is JsonValueKind.String or JsonValueKind.Number
                ? new Set(set.Text(), UiTemplate.Parse(to, names))
                : new SetValue(set.Text(), UiValue.FromJson(to.Json) ?? throw to.Wrong("must be a text, true, false or a list of texts"));
        }

        if (place.Find("add") is { } add)
            return new Add(ListName(place, add, names), ItemOf(place, names));
        if (place.Find("remove") is { } remove)
            return new Remove(ListName(place, remove, names), ItemOf(place, names));
        return ParseSingle(place, names);
    }

    private static UiAction ParseSingle(JsonPlace place, UiNames names)
    {
        var all = place.Properties().ToList();
        if (all.Count != 1)
            throw place.Wrong("an action is one of set, add, remove, clear, toggle, go, back, if, crash, request_permission");
        var (kind, value) = all[0];
        switch (kind)
        {
            case "clear":
                names.RequireStored(value, value.Text());
                return new Clear(value.Text());
            case "toggle":
                names.RequireStored(value, value.Text());
                return new Toggle(value.Text());
            case "go":
                names.RequireScreen(value, value.Text());
                return new Go(value.Text());
            case "back":
                return new GoBack();
            case "crash":
                return new Crash(value.Kind == JsonValueKind.String ? UiTemplate.Parse(value, names) : UiTemplate.Literal("crash"));
            case "request_permission":
                return new RequestPermission(value.Text());
            default:
                throw place.Wrong(
                    $"unknown action '{kind}' (known: set, add, remove, clear, toggle, go, back, if, crash, request_permission)");
        }
    }

    /// <summary>A branch is a list of actions, or just the name of a screen to go to.</summary>
    private static IReadOnlyList<UiAction> Branch(JsonPlace? place, UiNames names)
    {
        if (place is not { } branch)
            return [];
        if (branch.Kind != JsonValueKind.String)
            return ParseList(branch, names);
        names.RequireScreen(branch, branch.Text());
        return [new Go(branch.Text())];
    }

    private static string ListName(JsonPlace action, JsonPlace list, UiNames names)
    {
        action.Allow("add", "remove", "value");
        names.RequireList(list, list.Text());
        return list.Text();
    }

    private static UiTemplate ItemOf(JsonPlace action, UiNames names) =>
        UiTemplate.Parse(action.Find("value") ?? throw action.Wrong("needs 'value'"), names);
}
