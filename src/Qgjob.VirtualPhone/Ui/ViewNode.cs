namespace Qgjob.Phones.Ui;

/// <summary>A rectangle in screen pixels.</summary>
internal readonly record struct Bounds(int X, int Y, int Width, int Height)
{
    public int Bottom => Y + Height;

    public int Right => X + Width;

    public (int X, int Y) Centre => (X + (Width / 2), Y + (Height / 2));

    public bool Contains(int x, int y) => x >= X && x < Right && y >= Y && y < Bottom;

    public Bounds Clip(Bounds to)
    {
        int x = Math.Max(X, to.X), y = Math.Max(Y, to.Y);
        return new Bounds(x, y, Math.Max(0, Math.Min(Right, to.Right) - x), Math.Max(0, Math.Min(Bottom, to.Bottom) - y));
    }

    public override string ToString() => $"[{X},{Y}][{Right},{Bottom}]";
}

/// <summary>A view as it is on the screen at one moment.</summary>
internal sealed class ViewNode
{
    /// <summary>The same for as long as a real app would keep the view object.</summary>
    public required string Key { get; init; }

    public required string Class { get; init; }

    public required string Package { get; init; }

    public string? ResourceId { get; init; }

    public string Text { get; init; } = "";

    public string? Desc { get; init; }

    public string? Hint { get; init; }

    public string? Field { get; init; }

    public bool ShowsHint { get; init; }

    public bool Password { get; init; }

    public bool Scrollable { get; init; }

    public bool Checkable { get; init; }

    public bool Checked { get; init; }

    public bool Enabled { get; init; } = true;

    public bool Selected { get; init; }

    public bool Focused { get; init; }

    public Action? Tap { get; init; }

    public Action? LongTap { get; init; }

    public bool Clickable => Tap is not null || Field is not null || Class.EndsWith("Button", StringComparison.Ordinal);

    public bool Focusable => Clickable;

    public ViewNode? Parent { get; private set; }

    public List<ViewNode> Children { get; } = [];

    public int Index { get; set; }

    public Bounds Bounds { get; set; }

    /// <summary>How far the content can be scrolled, in pixels.</summary>
    public int ScrollRange { get; set; }

    public void Add(ViewNode child)
    {
        child.Parent = this;
        Children.Add(child);
    }

    public IEnumerable<ViewNode> SelfAndDescendants() =>
        Children.SelectMany(c => c.SelfAndDescendants()).Prepend(this);

    public IEnumerable<ViewNode> SelfAndAncestors()
    {
        for (var node = this; node is not null; node = node.Parent)
            yield return node;
    }
}

/// <summary>What the screen shows at one moment.</summary>
/// <param name="Package">The app in front.</param>
/// <param name="Activity">Its activity.</param>
/// <param name="Roots">Its windows.</param>
/// <param name="Width">Pixels, as the phone is held.</param>
/// <param name="Height">Pixels, as the phone is held, without the navigation bar.</param>
/// <param name="Landscape">How the phone is held.</param>
internal sealed record ScreenSnapshot(
    string Package, string Activity, IReadOnlyList<ViewNode> Roots, int Width, int Height, bool Landscape)
{
    public IEnumerable<ViewNode> Nodes => Roots.SelectMany(r => r.SelfAndDescendants());

    public ViewNode? At(int x, int y) => Nodes.LastOrDefault(n => n.Bounds.Contains(x, y));
}
