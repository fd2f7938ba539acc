using System.Xml;
using System.Xml.Linq;
using System.Xml.XPath;
using Qgjob.Phones.Device;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>Finds views by the strategies of the uiautomator2 driver.</summary>
internal static class ElementFinder
{
    /// <param name="phone">The phone; a UiScrollable scrolls it.</param>
    /// <param name="screen">What is on it.</param>
    /// <param name="strategy">As the driver names it.</param>
    /// <param name="selector">What to look for.</param>
    /// <param name="context">Look only inside this view.</param>
    public static IReadOnlyList<ViewNode> Find(PhoneDevice phone, ScreenSnapshot screen, string strategy, string selector, ViewNode? context)
    {
        var inside = context?.SelfAndDescendants().Skip(1) ?? screen.Nodes;
        switch (strategy)
        {
            case "xpath":
                return FindByXPath(screen, selector, context);
            case "-android uiautomator":
                return UiSelectorParser.Parse(selector) switch
                {
                    UiScrollable scrollable => scrollable.Find(phone),
                    UiSelector found => found.Find(context is null ? screen.Roots : context.Children),
                    _ => [],
                };
            case "id":
                return [.. inside.Where(n => n.ResourceId == selector
                    || (!selector.Contains(':', StringComparison.Ordinal) && n.ResourceId?.EndsWith(":id/" + selector, StringComparison.Ordinal) == true))];
            case "accessibility id":
                return [.. inside.Where(n => n.Desc == selector)];
            case "class name":
                return [.. inside.Where(n => n.Class == selector)];
            default:
                throw WebDriverException.InvalidSelector($"The virtual phone cannot look for elements by '{strategy}'.");
        }
    }

    private static List<ViewNode> FindByXPath(ScreenSnapshot screen, string selector, ViewNode? context)
    {
        var document = PageSource.Build(screen);
        XNode start = document;
        if (context is not null)
            start = document.Descendants().FirstOrDefault(e => e.Annotation<ViewNode>()?.Key == context.Key) ?? throw WebDriverException.StaleElement();
        try
        {
            if (start.CreateNavigator().Evaluate(selector) is not XPathNodeIterator nodes)
                throw WebDriverException.InvalidSelector($"'{selector}' does not give elements.");
            var found = new List<ViewNode>();
            while (nodes.MoveNext())
            {
                if (nodes.Current?.UnderlyingObject is XElement element && element.Annotation<ViewNode>() is { } view)
                    found.Add(view);
            }

            return found;
        }
        catch (Exception ex) when (ex is XPathException or XmlException or ArgumentException)
        {
            throw WebDriverException.InvalidSelector($"'{selector}' is not a valid XPath 1.0 expression: {ex.Message}");
        }
    }
}
