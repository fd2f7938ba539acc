using Qgjob.Phones.Drawing;

namespace Qgjob.Phones.Video;

/// <summary>A picture as video has it: brightness for each pixel, colour for each four (4:2:0), in whole macroblocks of 16 by 16.</summary>
internal sealed class YuvPicture
{
    public const int Block = 16;
    public const int HalfBlock = Block / 2;

    private YuvPicture(int width, int height)
    {
        (Width, Height) = (width, height);
        (Columns, Rows) = ((width + Block - 1) / Block, (height + Block - 1) / Block);
        Y = new byte[Columns * Rows * Block * Block];
        U = new byte[Y.Length / 4];
        V = new byte[Y.Length / 4];
    }

    /// <summary>What is shown; the planes go on to the end of the last macroblock.</summary>
    public int Width { get; }

    public int Height { get; }

    public int Columns { get; }

    public int Rows { get; }

    public byte[] Y { get; }

    public byte[] U { get; }

    public byte[] V { get; }

    public int Stride => Columns * Block;

    public int HalfStride => Columns * HalfBlock;

    /// <param name="canvas">Of an even width and height, or its last line is left out.</param>
    /// <param name="palette">Red, green, blue for each index.</param>
    public static YuvPicture From(Canvas canvas, ReadOnlySpan<byte> palette)
    {
        var picture = new YuvPicture(canvas.Width & ~1, canvas.Height & ~1);
        var colours = new (int Y, int U, int V)[palette.Length / 3];
        for (var i = 0; i < colours.Length; i++)
            colours[i] = ToYuv(palette[i * 3], palette[(i * 3) + 1], palette[(i * 3) + 2]);
        for (var y = 0; y < picture.Rows * Block; y++)
        {
            for (var x = 0; x < picture.Stride; x++)
                picture.Y[(y * picture.Stride) + x] = (byte)At(x, y).Y;
        }

        for (var y = 0; y < picture.Rows * HalfBlock; y++)
        {
            for (var x = 0; x < picture.HalfStride; x++)
            {
                var (a, b, c, d) = (At(2 * x, 2 * y), At((2 * x) + 1, 2 * y), At(2 * x, (2 * y) + 1), At((2 * x) + 1, (2 * y) + 1));
                picture.U[(y * picture.HalfStride) + x] = (byte)((a.U + b.U + c.U + d.U + 2) / 4);
                picture.V[(y * picture.HalfStride) + x] = (byte)((a.V + b.V + c.V + d.V + 2) / 4);
            }
        }

        return picture;

        // Beyond the edge the last pixel is repeated.
        (int Y, int U, int V) At(int x, int y) =>
            colours[canvas.Pixels[(Math.Min(y, picture.Height - 1) * canvas.Width) + Math.Min(x, picture.Width - 1)]];
    }

    /// <summary>Whether a macroblock looks the same in both.</summary>
    public bool SameAt(YuvPicture other, int column, int row)
    {
        for (var line = 0; line < Block; line++)
        {
            var at = (((row * Block) + line) * Stride) + (column * Block);
            if (!Y.AsSpan(at, Block).SequenceEqual(other.Y.AsSpan(at, Block)))
                return false;
        }

        for (var line = 0; line < HalfBlock; line++)
        {
            var at = (((row * HalfBlock) + line) * HalfStride) + (column * HalfBlock);
            if (!U.AsSpan(at, HalfBlock).SequenceEqual(other.U.AsSpan(at, HalfBlock)) || !V.AsSpan(at, HalfBlock).SequenceEqual(other.V.AsSpan(at, HalfBlock)))
                return false;
        }

        return true;
    }

    /// <summary>BT.601, in the limited range that players expect where nothing is said.</summary>
    private static (int Y, int U, int V) ToYuv(int r, int g, int b) => (
        16 + (int)Math.Round(((65.738 * r) + (129.057 * g) + (25.064 * b)) / 256),
        128 + (int)Math.Round(((-37.945 * r) - (74.494 * g) + (112.439 * b)) / 256),
        128 + (int)Math.Round(((112.439 * r) - (94.154 * g) - (18.285 * b)) / 256));
}
