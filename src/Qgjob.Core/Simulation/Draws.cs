namespace Qgjob.Core.Simulation;

/// <summary>Random numbers that are the same for a seed on every machine and in every version (SplitMix64).</summary>
internal sealed class Draws(ulong state)
{
    private ulong state = state;

    /// <summary>From 0 up to, not including, 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public double Between(double least, double most) => least + (most - least) * Unit();

    /// <summary>From 0 up to, not including, the number.</summary>
    public int Below(int number) => (int)(Unit() * number);

    /// <summary>e to a normally distributed exponent with this standard deviation: 1 in the middle.</summary>
    public double LogNormal(double deviation) =>
        Math.Exp(deviation * Math.Sqrt(-2 * Math.Log(1 - Unit())) * Math.Cos(2 * Math.PI * Unit()));

    /// <summary>At least 1, with many small ones and few very large ones; the smaller the exponent, the larger.</summary>
    public double Pareto(double exponent) => Math.Pow(1 - Unit(), -1 / exponent);

    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var other = Below(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    private ulong Next()
    {
        state += 0x9E3779B97F4A7C15;
        var mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
