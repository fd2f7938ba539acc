using System.Text;
using System.Xml;
using System.Xml.Linq;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>The screen as XML, with each element tied to its view.</summary>
internal static class PageSource
{
    public static XDocument Build(ScreenSnapshot screen) => new(new XElement("hierarchy",
        new XAttribute("index", "0"),
        new XAttribute("class", "hierarchy"),
        new XAttribute("rotation", screen.Landscape ? "1" : "0"),
        new XAttribute("width", $"{screen.Width}"),
        new XAttribute("height", $"{screen.Height}"),
        screen.Roots.Select(Element)));

    public static string ToText(ScreenSnapshot screen)
    {
        var text = new StringBuilder("<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n");
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true }))
            Build(screen).Save(writer);
        return text.ToString();
    }

    private static XElement Element(ViewNode view)
    {
        // Inner classes have a name that XML cannot carry.
        var element = new XElement(view.Class.Replace('$', '.'));
        foreach (var (name, value) in ElementAttributes.Of(view))
        {
            if (value is not null)
                element.Add(new XAttribute(name, Printable(value)));
        }

        element.AddAnnotation(view);
        foreach (var child in view.Children)
            element.Add(Element(child));
        return element;
    }

    private static string Printable(string text) =>
        text.All(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c)) ? text
            : string.Concat(text.Where(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c)));
}
