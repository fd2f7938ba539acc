namespace Qgjob.Lifecycle.Load;

/// <summary>Milliseconds from a submission's call to the agent that has the job.</summary>
internal sealed class PickUps
{
    private readonly Lock gate = new();
    private readonly List<double> milliseconds = [];

    public void Add(double ms)
    {
        lock (gate) milliseconds.Add(ms);
    }

    public void Clear()
    {
        lock (gate) milliseconds.Clear();
    }

    /// <summary>The value below which so much of them lies; not a number when there are none.</summary>
    public double At(double part)
    {
        lock (gate)
        {
            if (milliseconds.Count == 0) return double.NaN;
            milliseconds.Sort();
            return milliseconds[Math.Min(milliseconds.Count - 1, (int)(milliseconds.Count * part))];
        }
    }
}
