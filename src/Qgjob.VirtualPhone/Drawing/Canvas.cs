namespace Qgjob.Phones.Drawing;

/// <summary>A picture with a palette index per pixel. What falls outside is not drawn.</summary>
internal sealed class Canvas(int width, int height)
{
    private readonly byte[] pixels = new byte[width * height];

    public int Width => width;

    public int Height => height;

    public ReadOnlySpan<byte> Pixels => pixels;

    public void Fill(int x, int y, int w, int h, byte colour)
    {
        int left = Math.Clamp(x, 0, width), right = Math.Clamp(x + w, 0, width);
        for (var row = Math.Max(0, y); row < Math.Min(height, y + h); row++)
            pixels.AsSpan(row * width, width)[left..Math.Max(left, right)].Fill(colour);
    }

    public void Frame(int x, int y, int w, int h, byte colour)
    {
        Fill(x, y, w, 1, colour);
        Fill(x, y + h - 1, w, 1, colour);
        Fill(x, y, 1, h, colour);
        Fill(x + w - 1, y, 1, h, colour);
    }

    public void Text(int x, int y, string text, int scale, byte colour)
    {
        foreach (var c in text)
        {
            var glyph = BitmapFont.Glyph(c);
            for (var column = 0; column < BitmapFont.Columns; column++)
            {
                for (var row = 0; row < BitmapFont.Height; row++)
                {
                    if ((glyph[column] & (1 << row)) != 0)
                        Fill(x + (column * scale), y + (row * scale), scale, scale, colour);
                }
            }

            x += BitmapFont.Advance * scale;
        }
    }
}
