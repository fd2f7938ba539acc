using System.Text.Json;

namespace Qgjob.Phones.Ui;

/// <summary>A condition of a description: when a view shows, which branch is taken, whether a box is ticked.</summary>
internal abstract record UiCondition
{
    public abstract bool Holds(IUiScope scope);

    public static UiCondition Parse(JsonPlace place, UiNames names)
    {
        switch (place.Kind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return new Constant(place.Flag());
            case JsonValueKind.String:
                return new Truthy(UiTemplate.Parse(place, names));
        }

        var all = place.Properties().ToList();
        if (all.Count != 1)
            throw place.Wrong("a condition has exactly one of eq, ne, empty, not, all, any, contains, granted");
        var (kind, value) = all[0];
        return kind switch
        {
            "eq" => Pair(value, names, (a, b) => new Same(a, b)),
            "ne" => new Not(Pair(value, names, (a, b) => new Same(a, b))),
            "contains" => Pair(value, names, (a, b) => new Contains(a, b)),
            "empty" => new Empty(UiTemplate.Parse(value, names)),
            "not" => new Not(Parse(value, names)),
            "all" => new All([.. value.Items().Select(i => Parse(i, names))]),
            "any" => new Not(new All([.. value.Items().Select(i => new Not(Parse(i, names)))])),
            "granted" => new Granted(UiTemplate.Parse(value, names)),
            _ => throw place.Wrong($"unknown condition '{kind}' (known: eq, ne, empty, not, all, any, contains, granted)"),
        };
    }

    private static UiCondition Pair(JsonPlace place, UiNames names, Func<UiTemplate, UiTemplate, UiCondition> make) =>
        place.Items().Select(i => UiTemplate.Parse(i, names)).ToList() is [var left, var right]
            ? make(left, right)
            : throw place.Wrong("needs a list of exactly two values");

    private sealed record Constant(bool Value) : UiCondition
    {
        public override bool Holds(IUiScope scope) => Value;
    }

    private sealed record Truthy(UiTemplate Template) : UiCondition
    {
        public override bool Holds(IUiScope scope) => Template.Text(scope) == "true";
    }

    private sealed record Same(UiTemplate Left, UiTemplate Right) : UiCondition
    {
        public override bool Holds(IUiScope scope) => Left.Text(scope) == Right.Text(scope);
    }

    private sealed record Contains(UiTemplate Whole, UiTemplate Part) : UiCondition
    {
        public override bool Holds(IUiScope scope) => Whole.Value(scope) switch
        {
            UiList list => list.Items.Contains(Part.Text(scope)),
            var text => text.Text.Contains(Part.Text(scope), StringComparison.Ordinal),
        };
    }

    private sealed record Empty(UiTemplate Template) : UiCondition
    {
        public override bool Holds(IUiScope scope) => Template.Value(scope).IsEmpty;
    }

    private sealed record Not(UiCondition Inner) : UiCondition
    {
        public override bool Holds(IUiScope scope) => !Inner.Holds(scope);
    }

    private sealed record All(IReadOnlyList<UiCondition> Parts) : UiCondition
    {
        public override bool Holds(IUiScope scope) => Parts.All(p => p.Holds(scope));
    }

    private sealed record Granted(UiTemplate Permission) : UiCondition
    {
        public override bool Holds(IUiScope scope) => scope.IsGranted(Permission.Text(scope));
    }
}
