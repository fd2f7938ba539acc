namespace Qgjob.Phones.Ui;

/// <summary>Places views below one another; a scrollable view takes what room is left and hides the rest of its content.</summary>
internal static class ScreenLayout
{
    /// <summary>Pixels at the top that belong to the system.</summary>
    public const int StatusBar = 63;

    private const int LeastScrollHeight = 480;

    public static void Arrange(ViewNode root, int width, int height, Func<string, int> scrolled)
    {
        var screen = new Bounds(0, StatusBar, width, height - StatusBar);
        Place(root, screen, screen, scrolled);
        Number(root, 0);
    }

    private static void Place(ViewNode node, Bounds at, Bounds clip, Func<string, int> scrolled)
    {
        var natural = node.Children.Sum(Natural);
        var visible = at.Clip(clip);
        node.Bounds = visible;
        node.ScrollRange = node.Scrollable ? Math.Max(0, natural - at.Height) : 0;
        var y = at.Y - (node.Scrollable ? Math.Clamp(scrolled(node.Key), 0, node.ScrollRange) : 0);
        var spare = node.Scrollable ? int.MaxValue : at.Height - node.Children.Sum(Least);
        foreach (var child in node.Children)
        {
            var extra = Math.Clamp(Natural(child) - Least(child), 0, Math.Max(0, spare));
            spare -= extra;
            var childHeight = Least(child) + extra;
            Place(child, new Bounds(at.X, y, at.Width, childHeight), visible, scrolled);
            y += childHeight;
        }

        // What cannot be seen at all is not in the tree, as on a phone.
        node.Children.RemoveAll(c => c.Bounds.Height <= 0);
    }

    private static void Number(ViewNode node, int index)
    {
        node.Index = index;
        for (var i = 0; i < node.Children.Count; i++)
            Number(node.Children[i], i);
    }

    private static int Natural(ViewNode node) =>
        node.Children.Count > 0 ? node.Children.Sum(Natural) : LeafHeight(node);

    private static int Least(ViewNode node) =>
        node.Scrollable ? Math.Min(Natural(node), LeastScrollHeight)
        : node.Children.Count > 0 ? node.Children.Sum(Least)
        : LeafHeight(node);

    private static int LeafHeight(ViewNode node) => node.Class[(node.Class.LastIndexOf('.') + 1)..] switch
    {
        "TextView" => 120,
        "ImageView" => 240,
        "ListView" or "LinearLayout" or "FrameLayout" or "ScrollView" or "RecyclerView" or "Space" => 48,
        _ => 144,
    };
}
