using Qgjob.Phones.Ui;

namespace Qgjob.Phones.Drawing;

/// <summary>Draws the screen as a third of its size: enough to read, small enough to keep.</summary>
internal static class ScreenPainter
{
    private const int Shrink = 3;
    private const byte White = 0, Black = 1, Grey = 2, Blue = 3, Pale = 4, Dark = 5, Line = 6;

    private static readonly byte[] Colours =
    [
        0xff, 0xff, 0xff,
        0x1c, 0x1b, 0x1f,
        0x8a, 0x8a, 0x8e,
        0x1a, 0x56, 0xb4,
        0xee, 0xf1, 0xf6,
        0x2b, 0x2d, 0x33,
        0xd5, 0xd8, 0xde,
    ];

    /// <summary>Red, green, blue for each index of a canvas.</summary>
    public static ReadOnlySpan<byte> Palette => Colours;

    /// <param name="screen">What is on the screen.</param>
    /// <param name="part">Only this part, for a picture of one view.</param>
    public static byte[] Paint(ScreenSnapshot screen, Bounds? part = null)
    {
        var canvas = Draw(screen);
        return part is { } cut ? Cut(canvas, cut) : Png.Encode(canvas.Pixels, canvas.Width, Palette);
    }

    public static Canvas Draw(ScreenSnapshot screen)
    {
        var canvas = new Canvas(screen.Width / Shrink, screen.Height / Shrink);
        canvas.Fill(0, 0, canvas.Width, ScreenLayout.StatusBar / Shrink, Dark);
        canvas.Text(8, 6, screen.Package, 1, White);
        foreach (var node in screen.Nodes)
            Paint(canvas, node);
        return canvas;
    }

    private static void Paint(Canvas canvas, ViewNode node)
    {
        if (node.Children.Count > 0)
            return;
        int x = (node.Bounds.X / Shrink) + 8, y = (node.Bounds.Y / Shrink) + 3;
        int width = (node.Bounds.Width / Shrink) - 16, height = (node.Bounds.Height / Shrink) - 6;
        if (height < BitmapFont.Height)
            return;
        var colour = node.Enabled ? Black : Grey;
        if (node.Checkable)
        {
            canvas.Frame(x, y + ((height - 16) / 2), 16, 16, colour);
            if (node.Checked)
                canvas.Fill(x + 4, y + ((height - 16) / 2) + 4, 8, 8, Blue);
            x += 24;
            width -= 24;
        }
        else if (node.Field is not null)
        {
            canvas.Fill(x, y, width, height, Pale);
            canvas.Frame(x, y, width, height, node.Focused ? Blue : Grey);
            colour = node.ShowsHint ? Grey : colour;
        }
        else if (node.Class.EndsWith("Button", StringComparison.Ordinal))
        {
            canvas.Fill(x, y, width, height, node.Enabled ? Blue : Line);
            colour = White;
        }
        else if (node.Tap is not null)
        {
            canvas.Fill(x, y + height + 2, width, 1, Line); // a row of a list
        }

        var text = node.Text.Length > 0 ? node.Text : node.Desc ?? "";
        var scale = text.Length * BitmapFont.Advance * 2 <= width - 8 ? 2 : 1;
        var room = Math.Max(0, (width - 8) / (BitmapFont.Advance * scale));
        if (text.Length > room)
            text = text[..Math.Max(0, room - 2)] + "..";
        canvas.Text(x + 4, y + ((height - (BitmapFont.Height * scale)) / 2), text, scale, colour);
    }

    private static byte[] Cut(Canvas canvas, Bounds part)
    {
        var area = new Bounds(part.X / Shrink, part.Y / Shrink, Math.Max(1, part.Width / Shrink), Math.Max(1, part.Height / Shrink))
            .Clip(new Bounds(0, 0, canvas.Width, canvas.Height));
        if (area.Width == 0 || area.Height == 0)
            area = new Bounds(0, 0, 1, 1);
        var pixels = new byte[area.Width * area.Height];
        for (var row = 0; row < area.Height; row++)
            canvas.Pixels.Slice(((area.Y + row) * canvas.Width) + area.X, area.Width).CopyTo(pixels.AsSpan(row * area.Width));
        return Png.Encode(pixels, area.Width, Palette);
    }
}
