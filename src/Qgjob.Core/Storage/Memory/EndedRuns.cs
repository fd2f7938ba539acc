using Qgjob.Core.Runs;

namespace Qgjob.Core.Storage.Memory;

/// <summary>The runs that ended last, for those who wait for them: the working copy has forgotten them by then.</summary>
internal sealed class EndedRuns
{
    private const int Most = 10_000;
    private readonly Dictionary<string, Run> runs = [];
    private readonly Queue<string> order = [];

    public Run? Find(string runId) => runs.GetValueOrDefault(runId);

    public void Note(Run run)
    {
        if (!runs.ContainsKey(run.Id)) order.Enqueue(run.Id);
        runs[run.Id] = run;
        if (order.Count > Most) runs.Remove(order.Dequeue());
    }
}
