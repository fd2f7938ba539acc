using Qgjob.Client.Wire;

namespace Qgjob.Server.Reports;

/// <summary>Agents whose open poll said that they can make a report. A poll that gets one is answered at once.</summary>
internal sealed class ReportOffers
{
    private readonly Lock gate = new();
    private readonly List<ReportOffer> open = [];

    /// <summary>An agent has come that can make a report.</summary>
    public Action Came { get; set; } = () => { };

    public ReportOffer Add(string agentId)
    {
        var offer = new ReportOffer(agentId, Close);
        lock (gate) open.Add(offer);
        Came();
        return offer;
    }

    /// <summary>The agents, each once.</summary>
    public IReadOnlyList<string> Agents()
    {
        lock (gate) return [.. open.Where(o => o.Task is null).Select(o => o.AgentId).Distinct()];
    }

    /// <returns>False: the agent's poll has ended meanwhile.</returns>
    public bool Give(string agentId, ReportTask task)
    {
        ReportOffer? offer;
        lock (gate)
        {
            // The newest poll: older ones are superseded, or their connection died unnoticed.
            offer = open.FindLast(o => o.AgentId == agentId && o.Task is null);
            if (offer is null) return false;
            offer.Task = task;
        }
        offer.End();
        return true;
    }

    /// <summary>After this, nothing is given to it.</summary>
    private ReportTask? Close(ReportOffer offer)
    {
        lock (gate)
        {
            open.Remove(offer);
            return offer.Task;
        }
    }
}

/// <summary>One open poll.</summary>
internal sealed class ReportOffer(string agentId, Func<ReportOffer, ReportTask?> close) : IDisposable
{
    private readonly CancellationTokenSource taken = new();

    public string AgentId { get; } = agentId;

    /// <summary>Ends the poll's wait.</summary>
    public CancellationToken Taken => taken.Token;

    public ReportTask? Task { get; set; }

    /// <summary>The poll is over: what its agent shall make, if anything.</summary>
    public ReportTask? Close() => close(this);

    public void End()
    {
        try
        {
            taken.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The poll ended this moment, and brings it all the same.
        }
    }

    public void Dispose()
    {
        close(this);
        taken.Dispose();
    }
}
