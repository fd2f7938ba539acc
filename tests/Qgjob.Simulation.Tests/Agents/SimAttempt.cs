extern alias agent;

using agent::Qgjob.Agent.Leases;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;
using Qgjob.Simulation.Tests.World;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Simulation.Tests.Agents;

/// <summary>An attempt on an agent: begins after the lease's first renewal, drives the phone, stops when the lease says so, reports.</summary>
internal sealed class SimAttempt(SimWorld world, AgentProcess process, SimAgent agent, HeldLease lease)
{
    private readonly TimeSpan longestTeardown = TimeSpan.FromSeconds(1.5);
    private long renewedAt;
    private bool suspended;
    private bool ended;
    private readonly TaskCompletionSource letGo = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>It has let go of its phone.</summary>
    public Task HasLetGo => letGo.Task;

    public HeldLease Lease => lease;
    public bool Drives { get; private set; }

    public void Renewed(long sentAt, TimeSpan trust)
    {
        renewedAt = sentAt;
        lease.Renewed(sentAt, trust);
    }

    /// <summary>How long its test process goes on by itself.</summary>
    public TimeSpan Left(TimeSpan trust) => TimeSpan.FromTicks(Math.Max(0, renewedAt + trust.Ticks - world.Scheduler.Now));

    public void Suspend()
    {
        if (!Drives) return;
        (Drives, suspended) = (false, true);
        world.Phones.EndDrive(lease.Ref, agent.Id);
    }

    public void GoOn()
    {
        if (!suspended) return;
        suspended = false;
        if (!ended && !lease.Stopped.IsCancellationRequested) Drive();
    }

    public async Task RunAsync()
    {
        try
        {
            // Before the first renewal the lease may be somebody else's already.
            await ConfirmedAsync();
            var end = lease.Stopped.IsCancellationRequested ? new AttemptEnd(AttemptOutcome.Canceled, null, 0, []) : await DriveAsync();
            end = Judged(end);
            if (lease.Cause is StopCause.Lost) world.History.Note(agent.Id, $"{lease.Ref.DeviceId}/{lease.Ref.Token} was lost");
            else await ReportAsync(end);
        }
        finally
        {
            lease.Dispose();
            process.LetGo(this);
            letGo.SetResult();
        }
    }

    private async Task ConfirmedAsync()
    {
        try
        {
            await lease.Confirmed;
        }
        catch (OperationCanceledException)
        {
            // Stopped before it began.
        }
    }

    private void Drive()
    {
        Drives = true;
        world.Phones.BeginDrive(lease.Ref, agent.Id);
    }

    private async Task<AttemptEnd> DriveAsync()
    {
        var (time, spec) = (process.Process.Time, lease.Assignment.Spec);
        Drive();
        try
        {
            var phone = world.Phones.Find(lease.DeviceId);
            if (phone.Resident?.AppVersionId != spec.AppVersionId)
            {
                process.Tell(new ProgressItem(lease.Ref, JobStatus.Installing));
                await Task.Delay(world.Between(0.5, 4), time, lease.Stopped);
                phone.Resident = new ResidentBuild("com.example", $"sha-{spec.AppVersionId}", spec.OrgId, spec.AppVersionId);
                process.Tell(new ProgressItem(lease.Ref, Installed: phone.Resident, InstallSeconds: 2));
            }
            process.Tell(new ProgressItem(lease.Ref, JobStatus.Running, TestsTotal: 2));
            // Some take longer than a lease.
            var length = world.Chance(0.25) ? world.Between(10, 60) : world.Between(0.2, 6);
            await Task.Delay(length / 2, time, lease.Stopped);
            process.Tell(new ProgressItem(lease.Ref, Test: Test("first", TestStatus.Passed)));
            await Task.Delay(length / 2, time, lease.Stopped);
            return Ended(length.TotalSeconds);
        }
        catch (OperationCanceledException) when (lease.Stopped.IsCancellationRequested)
        {
            await Task.Delay(longestTeardown * world.Random.NextDouble(), time, CancellationToken.None);
            return new AttemptEnd(AttemptOutcome.Canceled, null, 0, []);
        }
        finally
        {
            ended = true;
            if (Drives) world.Phones.EndDrive(lease.Ref, agent.Id);
            Drives = false;
        }
    }

    private AttemptEnd Ended(double seconds)
    {
        var kind = world.Random.Next(20);
        if (kind == 0 && !world.IsQuiet) return new AttemptEnd(AttemptOutcome.Infra, "the phone hangs", seconds, []);
        if (kind == 1) return new AttemptEnd(AttemptOutcome.Skipped, null, seconds, [Test("first", TestStatus.Skipped)]);
        return kind < 6
            ? new AttemptEnd(AttemptOutcome.Failed, "expected true", seconds, [Test("first", TestStatus.Passed), Test("second", TestStatus.Failed)])
            : new AttemptEnd(AttemptOutcome.Passed, null, seconds, [Test("first", TestStatus.Passed), Test("second", TestStatus.Flaky)]);
    }

    /// <summary>What cut an attempt short decides how it ended, as in the real agent.</summary>
    private AttemptEnd Judged(AttemptEnd end) => (end.Outcome, lease.Cause) switch
    {
        (not (AttemptOutcome.Canceled or AttemptOutcome.Infra), _) or (_, StopCause.None or StopCause.Canceled) => end,
        _ => end with { Outcome = AttemptOutcome.Lost, Reason = "not renewed in time" },
    };

    private async Task ReportAsync(AttemptEnd end)
    {
        await process.FlushAsync(lease.Ref);
        var item = new FinishItem(lease.Ref, world.NewId("f"), end);
        world.Commits.Finishing(item);
        agent.Outbox.Add(item);
        await process.DeliverAsync(item);
    }

    private static TestResult Test(string title, TestStatus status) => new([title], "tests/a.spec.ts", 3, status, 100);
}
