namespace Qgjob.Simulation.Tests.World;

/// <summary>How often what goes wrong; each seed has its own mixture, some have none of a kind.</summary>
internal sealed record FaultRates
{
    public static FaultRates None { get; } = new();

    /// <summary>A request, or its answer, is lost; a request comes twice; a message takes seconds.</summary>
    public double LostRequest { get; init; }
    public double LostReply { get; init; }
    public double TwiceRequest { get; init; }
    public double SlowMessage { get; init; }

    /// <summary>A call of the journal fails before or after it did its work, comes late, comes twice, takes seconds.</summary>
    public double JournalBefore { get; init; }
    public double JournalAfter { get; init; }
    public double JournalLate { get; init; }
    public double JournalTwice { get; init; }
    public double JournalSlow { get; init; }
    public double LostHint { get; init; }

    /// <summary>Seconds between two events that hit a whole process, a phone or the network; 0: none.</summary>
    public double SecondsBetweenBlows { get; init; }

    public static FaultRates Of(Random random)
    {
        double Some(double most) => random.Next(3) == 0 ? 0 : random.NextDouble() * most;
        return new FaultRates
        {
            LostRequest = Some(0.08),
            LostReply = Some(0.1),
            TwiceRequest = Some(0.05),
            SlowMessage = Some(0.05),
            JournalBefore = Some(0.04),
            JournalAfter = Some(0.06),
            JournalLate = Some(0.04),
            JournalTwice = Some(0.04),
            JournalSlow = Some(0.03),
            LostHint = Some(1),
            SecondsBetweenBlows = random.Next(5) == 0 ? 0 : 2 + (random.NextDouble() * 12),
        };
    }
}
