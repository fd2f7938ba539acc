using CsCheck;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Storage;

namespace Qgjob.Core.Tests.Scheduling;

/// <summary>Whatever happens to a lab: everything that can be served ends, nothing is served twice, every decision follows the rule.</summary>
public sealed class LivenessTests
{
    private const int Devices = 5;
    private const int Agents = 2;
    private const double Calm = 40_000;
    private const string Unit = "account";

    private static readonly SetOrg[] Orgs = [new("default", "o0", 1, null, null), new("default", "o1", 2, 1, null), new("default", "o2", 0.5, 2, 1)];
    private static readonly string?[] Needs = [null, null, null, "tag=lab", "tag=old"];
    private static readonly Target[] Targets = [Target.Any, Target.Any, Target.Device];

    private static readonly AttemptOutcome[] Failures = [AttemptOutcome.Infra, AttemptOutcome.Infra, AttemptOutcome.InstallLimit, AttemptOutcome.Failed];

    private enum Mishap { LoseAgent, Pause, Cancel, Jump, Drain, Release, Reboot }

    private sealed record Event(Mishap Kind, double At, int Which, double Seconds);

    private static readonly Gen<Work> GenWork = Gen.Select(
        Gen.Int[0, 200], Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[10, 400], Gen.Int[-1, 2], Gen.Int[0, 4], Gen.Int[0, 11],
        (at, org, version, seconds, priority, needs, more) => new Work(
            at * 60, $"o{org}", $"v{version}", seconds, priority, Needs[needs], Targets[more % 3], more >= 9 ? Unit : null));

    private static readonly Gen<Event> GenEvent = Gen.Select(
        Gen.Int[0, 6], Gen.Double[0, 20_000], Gen.Int[0, 1000], Gen.Double[10, 8000],
        (kind, at, which, seconds) => new Event((Mishap)kind, at, which, seconds));

    [Fact]
    public Task Every_job_ends_whatever_happens_and_no_decision_breaks_the_rule() =>
        Gen.Select(GenWork.Array[1, 90], GenEvent.Array[0, 12], Gen.Int[0, 40], Gen.Int[0, 1_000_000])
            .SampleAsync((work, events, failures, seed) => PlayAsync(work, events, failures / 100.0, seed), iter: 60);

    [Fact]
    public Task One_org_too() =>
        Gen.Select(GenWork.Array[1, 90], GenEvent.Array[0, 6], Gen.Int[0, 40], Gen.Int[0, 1_000_000])
            .SampleAsync((work, events, failures, seed) => PlayAsync([.. work.Select(w => w with { Org = "o0" })], events, failures / 100.0, seed), iter: 40);

    /// <summary>Whoever serves a version elsewhere is no help to work that needs another device.</summary>
    [Fact]
    public async Task Work_for_a_certain_device_does_not_wait_for_others_that_serve_its_version()
    {
        await using var lab = new VirtualLab([VirtualLab.Phone(0, "lab"), VirtualLab.Phone(1)]) { InstallSeconds = _ => 60 };
        await lab.OpenAsync();
        lab.Submit(Enumerable.Range(0, 240).Select(i => new Work(i * 60, "acme", "v1")));
        lab.Submit([new Work(0, "acme", "v2", 30, Priority: 1), new Work(600, "acme", "v1", Needs: "tag=lab")]);
        await lab.RunAsync();
        var picky = lab.Jobs.Single(j => j.Work.Needs is not null);
        Assert.InRange(picky.Start!.Value - picky.Work.At, 0, 120);
    }

    /// <summary>The job goes on elsewhere at once, although where it failed its version is served on and on.</summary>
    [Fact]
    public async Task A_job_that_failed_on_one_device_does_not_wait_for_that_device()
    {
        await using var lab = new VirtualLab(VirtualLab.Phones(2))
        {
            InstallSeconds = _ => 60,
            Outcome = (job, device) => job.Work.Priority == 1 && device == "d0" ? AttemptOutcome.Infra : AttemptOutcome.Passed,
        };
        await lab.OpenAsync();
        lab.Submit(Enumerable.Range(0, 240).Select(i => new Work(i * 60, "acme", "v1")));
        lab.Submit([new Work(600, "acme", "v1", Priority: 1)]);
        await lab.RunAsync();
        var failed = lab.Jobs.Single(j => j.Work.Priority == 1);
        Assert.InRange(failed.End!.Value - failed.Work.At, 0, 600);
    }

    private static async Task PlayAsync(IReadOnlyList<Work> work, IReadOnlyList<Event> events, double failures, int seed)
    {
        var random = new Random(seed);
        VirtualLab? playing = null;
        await using var lab = playing = new VirtualLab([.. Enumerable.Range(0, Devices).Select(i => VirtualLab.Phone(i, i < 2 ? ["lab"] : i == 2 ? ["old"] : []))], Agents)
        {
            InstallSeconds = v => 20 + (20 * (v[1] - '0')),
            Outcome = (_, _) => random.NextDouble() >= failures ? AttemptOutcome.Passed : Failures[random.Next(Failures.Length)],
            Decided = (device, decision) => DecisionAudit.Check(playing!.View, device, decision, playing.Clock),
            Refreshed = () => NothingIsUsedTwice(playing!),
        };
        await lab.OpenAsync([.. Orgs, .. Orgs.Select(o => new SetResource(o.OrgId, Unit, ["ann", "bob"]))]);
        lab.Submit(work);
        foreach (var one in events) Plan(lab, one);
        lab.At(Calm, () => CalmAsync(lab));
        await lab.RunAsync();

        foreach (var played in lab.Jobs)
        {
            var job = await lab.FindAsync(played);
            Assert.True(job.IsFinal, $"{played.Id} ({played.Work}) waits for ever at second {lab.Now}:\n{Text(lab)}");
            Assert.True(job.InfraFailures <= 3 && job.TestFailures <= 2 && job.Attempt <= 5, $"{job}");
            Assert.Equal(played.Canceled, job.Status is JobStatus.Canceled);
        }
    }

    private static void Plan(VirtualLab lab, Event one)
    {
        var device = $"d{one.Which % Devices}";
        var agent = one.Which % Agents;
        var end = Math.Min(one.At + one.Seconds, Calm - 1);
        switch (one.Kind)
        {
            case Mishap.LoseAgent:
                lab.At(one.At, () => { lab.LoseAgent(agent); return Task.CompletedTask; });
                lab.At(end, () => lab.StartAgentAsync(agent));
                break;
            case Mishap.Reboot:
                lab.At(one.At, () => lab.StartAgentAsync(agent));
                break;
            case Mishap.Pause:
                lab.At(one.At, () => lab.CommitAsync(new OrderDevice(device, FleetOrder.Pause, null, lab.Clock)));
                lab.At(end, () => lab.CommitAsync(new OrderDevice(device, FleetOrder.Resume, null, lab.Clock)));
                break;
            case Mishap.Release:
                lab.At(one.At, () => lab.CommitAsync(new OrderDevice(device, FleetOrder.Release, null, lab.Clock)));
                break;
            case Mishap.Drain:
                lab.At(one.At, () => lab.CommitAsync(new DrainAgent($"a{agent}", true, lab.Clock)));
                lab.At(end, () => lab.CommitAsync(new DrainAgent($"a{agent}", false, lab.Clock)));
                break;
            case Mishap.Jump:
                lab.At(one.At, () => { lab.Jump(one.Seconds); return Task.CompletedTask; });
                break;
            case Mishap.Cancel:
                lab.At(one.At, async () =>
                {
                    var open = new List<Played>();
                    foreach (var job in lab.Jobs)
                        if (!(await lab.FindAsync(job)).IsFinal) open.Add(job);
                    if (open.Count > 0) await lab.CancelAsync(open[one.Which % open.Count]);
                });
                break;
        }
    }

    /// <summary>Whatever was broken is mended, so that nobody has an excuse.</summary>
    private static async Task CalmAsync(VirtualLab lab)
    {
        for (var i = 0; i < Agents; i++)
        {
            await lab.StartAgentAsync(i);
            await lab.CommitAsync(new DrainAgent($"a{i}", false, lab.Clock));
        }
        for (var i = 0; i < Devices; i++) await lab.CommitAsync(new OrderDevice($"d{i}", FleetOrder.Resume, null, lab.Clock));
    }

    private static void NothingIsUsedTwice(VirtualLab lab)
    {
        var leased = lab.View.Devices.Where(d => d.Lease is not null).ToList();
        Assert.Equal(leased.Count, leased.DistinctBy(d => d.Lease!.JobId).Count());
        var held = leased.SelectMany(d => d.Lease!.Units.Select(u => (d.Lease.OrgId, u.Resource, u.Value))).ToList();
        Assert.Equal(held.Count, held.Distinct().Count());
        foreach (var org in Orgs)
        {
            Assert.True(leased.Count(d => d.Lease!.OrgId == org.OrgId) <= (org.MaxDevices ?? Devices), $"{org} at second {lab.Now}");
            var holders = lab.View.FindResource(org.OrgId, Unit)?.Units.Count(u => u.Holder is not null) ?? 0;
            Assert.Equal(held.Count(h => h.OrgId == org.OrgId), holders);
        }
    }

    private static string Text(VirtualLab lab) => string.Join('\n',
        lab.View.Groups.Select(g => DecisionAudit.Text(lab.View, g))
            .Concat(lab.View.Devices.Select(d => $"{d.Id}: online {d.Online}, paused {d.Paused}, tags {string.Join(' ', d.Offer.Tags)}, lease {d.Lease?.JobId}, rests until {d.Health.CoolingUntil}"))
            .Concat(lab.View.Devices.Select(d => lab.View.OrgOf(d.Lease?.OrgId ?? "o0")).Distinct().Select((OrgShare o) => $"{o}")));
}
