namespace Qgjob.Lifecycle.Load;

/// <summary>Counts how often every job was finished: once, or the benchmark has measured nothing.</summary>
internal sealed class Tally
{
    private readonly Lock gate = new();
    private readonly HashSet<string> finished = [];
    private int refused;

    public int Finished
    {
        get
        {
            lock (gate) return finished.Count;
        }
    }

    public void Add(string jobId)
    {
        lock (gate)
            if (!finished.Add(jobId)) throw new InvalidOperationException($"job {jobId} was given out and finished twice");
    }

    public void Refused(int ends)
    {
        if (ends > 0 && Interlocked.Add(ref refused, ends) > 0) throw new InvalidOperationException($"the server refused {ends} ends of attempts whose lease nobody else had");
    }
}
