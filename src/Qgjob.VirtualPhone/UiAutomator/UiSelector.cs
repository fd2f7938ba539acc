using Qgjob.Phones.Device;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>What a "-android uiautomator" selector came to.</summary>
internal abstract record UiQuery;

/// <summary>Views that meet all conditions.</summary>
internal sealed record UiSelector : UiQuery
{
    public List<Func<ViewNode, bool>> Conditions { get; } = [];

    /// <summary>Only the match with this number, from 0.</summary>
    public int? Instance { get; set; }

    /// <summary>Then look inside the matches.</summary>
    public UiSelector? Child { get; set; }

    /// <summary>Then look among the matches' brothers and sisters, and inside them.</summary>
    public UiSelector? FromParent { get; set; }

    public IReadOnlyList<ViewNode> Find(IEnumerable<ViewNode> roots)
    {
        var matches = roots.SelectMany(r => r.SelfAndDescendants()).Where(n => Conditions.TrueForAll(c => c(n)));
        if (Instance is { } instance)
            matches = matches.Skip(instance).Take(1);
        if (Child is { } child)
            return [.. matches.SelectMany(m => child.Find(m.Children)).Distinct()];
        if (FromParent is { } sibling)
            return [.. matches.SelectMany(m => m.Parent is { } parent ? sibling.Find(parent.Children) : []).Distinct()];
        return [.. matches];
    }
}

/// <summary>Scrolls a list until a view shows.</summary>
/// <param name="List">The list; the first match counts.</param>
/// <param name="Target">The view; null to find the list itself.</param>
internal sealed record UiScrollable(UiSelector List, UiSelector? Target) : UiQuery
{
    // More than any list here can need.
    private const int MaxSteps = 200;

    public IReadOnlyList<ViewNode> Find(PhoneDevice phone)
    {
        var screen = phone.Screen.Capture();
        if (List.Find(screen.Roots).Count == 0 || Target is null)
            return List.Find(screen.Roots);
        var found = Target.Find(screen.Roots);
        if (found.Count > 0)
            return found;
        Scroll(phone, int.MinValue / 2);
        for (var step = 0; step < MaxSteps; step++)
        {
            screen = phone.Screen.Capture();
            found = Target.Find(screen.Roots);
            if (found.Count > 0)
                return found;
            if (List.Find(screen.Roots) is not [var list, ..] || !HasMore(list, phone))
                return [];
        }

        return [];
    }

    private static bool HasMore(ViewNode list, PhoneDevice phone)
    {
        var before = phone.Screen.ScrolledBy(list);
        phone.Screen.Scroll(list, Math.Max(1, list.Bounds.Height / 2));
        return phone.Screen.ScrolledBy(list) != before;
    }

    private void Scroll(PhoneDevice phone, int pixels)
    {
        if (List.Find(phone.Screen.Capture().Roots) is [var list, ..])
            phone.Screen.Scroll(list, pixels);
    }
}
