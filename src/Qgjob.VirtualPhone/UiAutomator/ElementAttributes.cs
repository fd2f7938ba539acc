using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>A view's attributes, as the page source and the attribute request name them.</summary>
internal static class ElementAttributes
{
    /// <summary>In the page source's order; null where the view has none.</summary>
    public static IEnumerable<(string Name, string? Value)> Of(ViewNode view) =>
    [
        ("index", $"{view.Index}"),
        ("package", view.Package),
        ("class", view.Class),
        ("text", view.Text),
        ("content-desc", view.Desc),
        ("resource-id", view.ResourceId),
        ("checkable", Text(view.Checkable)),
        ("checked", Text(view.Checked)),
        ("clickable", Text(view.Clickable)),
        ("enabled", Text(view.Enabled)),
        ("focusable", Text(view.Focusable)),
        ("focused", Text(view.Focused)),
        ("long-clickable", Text(view.LongTap is not null)),
        ("password", Text(view.Password)),
        ("scrollable", Text(view.Scrollable)),
        ("selected", Text(view.Selected)),
        ("hint", view.Hint),
        ("bounds", view.Bounds.ToString()),
        ("displayed", "true"), // what cannot be seen is not in the tree
    ];

    /// <exception cref="WebDriverException">There is no such attribute.</exception>
    public static string? Get(ViewNode view, string name)
    {
        var known = name switch
        {
            "contentDescription" => "content-desc",
            "className" => "class",
            "resourceId" => "resource-id",
            "longClickable" => "long-clickable",
            "original-text" => "text",
            _ => name,
        };
        if (known == "name")
            return view.Desc ?? view.Text;
        return Of(view).Where(a => a.Name == known).Select(a => (string?[])[a.Value]).FirstOrDefault() is [var value]
            ? value
            : throw new WebDriverException(404, "no such attribute", $"A view has no attribute '{name}'.");
    }

    private static string Text(bool flag) => flag ? "true" : "false";
}
