using System.Globalization;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>Element ids of a session. The same view has the same id for as long as it lives.</summary>
internal sealed class ElementCache
{
    private readonly Dictionary<string, string> keyById = [];
    private readonly Dictionary<string, string> idByKey = [];

    public string IdOf(ViewNode view)
    {
        if (!idByKey.TryGetValue(view.Key, out var id))
        {
            id = string.Create(CultureInfo.InvariantCulture, $"00000000-0000-0001-ffff-{keyById.Count + 1:x12}");
            idByKey[view.Key] = id;
            keyById[id] = view.Key;
        }

        return id;
    }

    /// <exception cref="WebDriverException">The view is gone, or the id was never given.</exception>
    public ViewNode Find(string id, ScreenSnapshot screen) =>
        keyById.TryGetValue(id, out var key) && screen.Nodes.FirstOrDefault(n => n.Key == key) is { } view
            ? view
            : throw WebDriverException.StaleElement();
}
