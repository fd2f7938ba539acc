using static Qgjob.Phones.Video.YuvPicture;

namespace Qgjob.Phones.Video;

/// <summary>
/// Finds the intra prediction that gives exactly the macroblock (ITU-T H.264, 8.3.3 and 8.3.4). The neighbours are decoded
/// without loss, so that the picture itself stands for them.
/// </summary>
internal static class Prediction
{
    /// <returns>Intra16x16PredMode: 0 vertical, 1 horizontal, 2 mean; null when none fits.</returns>
    public static int? Luma(YuvPicture picture, int column, int row)
    {
        var plane = new Plane(picture.Y, picture.Stride, column * Block, row * Block, Block);
        if (row > 0 && plane.IsVertical())
            return 0;
        if (column > 0 && plane.IsHorizontal())
            return 1;
        return plane.IsFlat(0, 0, Block, plane.Mean(0, 0, Block, row > 0, column > 0)) ? 2 : null;
    }

    /// <returns>intra_chroma_pred_mode: 0 mean, 1 horizontal, 2 vertical; null when none fits both colours.</returns>
    public static int? Chroma(YuvPicture picture, int column, int row)
    {
        var u = new Plane(picture.U, picture.HalfStride, column * HalfBlock, row * HalfBlock, HalfBlock);
        var v = u with { Samples = picture.V };
        if (IsMean(u, column, row) && IsMean(v, column, row))
            return 0;
        if (column > 0 && u.IsHorizontal() && v.IsHorizontal())
            return 1;
        return row > 0 && u.IsVertical() && v.IsVertical() ? 2 : null;
    }

    /// <summary>Chroma has a mean for each four by four; those off the diagonal look to one side first.</summary>
    private static bool IsMean(Plane plane, int column, int row)
    {
        var (above, left) = (row > 0, column > 0);
        return plane.IsFlat(0, 0, 4, plane.Mean(0, 0, 4, above, left))
            && plane.IsFlat(4, 0, 4, plane.Mean(4, 0, 4, above, left && !above))
            && plane.IsFlat(0, 4, 4, plane.Mean(0, 4, 4, above && !left, left))
            && plane.IsFlat(4, 4, 4, plane.Mean(4, 4, 4, above, left));
    }

    /// <summary>A macroblock's part of a plane: its left and top in it, and its size of 16, or 8 for colour.</summary>
    private readonly record struct Plane(byte[] Samples, int Stride, int X, int Y, int Size)
    {
        private byte At(int x, int y) => Samples[((Y + y) * Stride) + X + x];

        public bool IsVertical()
        {
            var above = Samples.AsSpan(((Y - 1) * Stride) + X, Size);
            for (var y = 0; y < Size; y++)
            {
                if (!Samples.AsSpan(((Y + y) * Stride) + X, Size).SequenceEqual(above))
                    return false;
            }

            return true;
        }

        public bool IsHorizontal()
        {
            for (var y = 0; y < Size; y++)
            {
                if (Samples.AsSpan(((Y + y) * Stride) + X, Size).ContainsAnyExcept(At(-1, y)))
                    return false;
            }

            return true;
        }

        public bool IsFlat(int x, int y, int size, int value)
        {
            for (var line = 0; line < size; line++)
            {
                if (Samples.AsSpan(((Y + y + line) * Stride) + X + x, size).ContainsAnyExcept((byte)value))
                    return false;
            }

            return true;
        }

        /// <summary>Of the samples above the macroblock and left of it, next to the part of it.</summary>
        public int Mean(int x, int y, int size, bool above, bool left)
        {
            var sum = 0;
            for (var i = 0; i < size; i++)
                sum += (above ? At(x + i, -1) : 0) + (left ? At(-1, y + i) : 0);
            return (above, left) switch
            {
                (true, true) => (sum + size) / (2 * size),
                (false, false) => 128,
                _ => (sum + (size / 2)) / size,
            };
        }
    }
}
