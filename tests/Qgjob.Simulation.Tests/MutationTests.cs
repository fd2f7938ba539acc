using Qgjob.Simulation.Tests.World;

namespace Qgjob.Simulation.Tests;

/// <summary>Guards are dropped one by one, and the seeds must notice: else the simulation would prove nothing about them.</summary>
/// <remarks><see cref="Mutation.NoVersionCheck"/> is missing: 400 seeds did not notice it; the contract of the stores does, as <c>DroppedGuardTests</c> shows.</remarks>
public sealed class MutationTests
{
    private const int MostSeeds = 1500;

    [Theory]
    [InlineData(nameof(Mutation.NoTokenCheck), nameof(Promise.NothingAcknowledgedIsLost), nameof(Promise.NothingWithAnOldToken))]
    [InlineData(nameof(Mutation.NoHeadCheck), nameof(Promise.OneCommitAfterTheOther))]
    [InlineData(nameof(Mutation.NoUniqueLease), nameof(Promise.OneLeasePerDevice))]
    [InlineData(nameof(Mutation.NoDoubtfulCommits), nameof(Promise.CountersEqualARecount), nameof(Promise.NoBugs))]
    [InlineData(nameof(Mutation.NoFence), nameof(Promise.OneDriverPerDevice))]
    [InlineData(nameof(Mutation.NoIdempotencyKey), nameof(Promise.OneRunPerSubmission))]
    [InlineData(nameof(Mutation.NoFinishId), nameof(Promise.NothingAcknowledgedIsLost))]
    public void A_dropped_guard_is_noticed(string mutation, params string[] noticedBy)
    {
        var results = Seeds.Run(1, MostSeeds, Enum.Parse<Mutation>(mutation), stopAtFirst: true);
        var found = results.Where(r => r.Violation is not null).ToList();
        Assert.True(found.Count > 0, $"{results.Count} seeds did not notice");
        TestContext.Current.TestOutputHelper!.WriteLine($"{mutation}: {string.Join(", ", found.Select(f => $"seed {f.Seed} {f.Violation!.Promise}: {f.Violation.Text}"))}");
        Console.WriteLine($"{mutation}: {results.Count} seeds, {string.Join(", ", found.Select(f => $"seed {f.Seed} {f.Violation!.Promise}"))}");
        Assert.All(found, f => Assert.Contains(f.Violation!.Promise.ToString(), noticedBy));
    }
}
