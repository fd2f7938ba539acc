using System.Globalization;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Orgs;
using Qgjob.Core.Results;
using Qgjob.Core.Runs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;
using TestResult = Qgjob.Core.Results.TestResult;

namespace Qgjob.Stores.Tests.Traces;

/// <summary>One step of a random trace; the numbers choose among what there is.</summary>
public readonly record struct Step(int Kind, int A, int B, int C);

/// <summary>Turns random numbers into commands that make sense often enough, and nonsense now and then.</summary>
internal sealed class Trace(IJobStore model, CancellationToken cancel)
{
    private readonly Lab lab = new(model, cancel);
    private readonly List<LeaseRef> leases = [];
    private readonly List<string> runs = [];
    private readonly List<Finish> finishes = [];
    private readonly List<Claim> claims = [];
    private int boots;

    public DateTimeOffset Now => lab.Now;

    public async Task<StoreCommand> NextAsync(Step step)
    {
        lab.Now += TimeSpan.FromSeconds(step.C % 7);
        return step.Kind switch
        {
            0 or 1 => Submit(step),
            2 or 3 or 4 or 5 => await DecideAsync(step),
            6 => await StrayClaimAsync(step),
            7 => Renew(step),
            8 or 9 or 10 => Progress(step),
            11 or 12 or 13 => Finish(step),
            14 => new Cancel(Pick(runs, step.A) ?? "r-none", step.B % 2 == 0 ? null : JobNumber(step.C), "canceled", lab.Now, step.B % 3 == 0),
            15 => Register(step),
            16 => new Touch(AgentNumber(step.A), $"b{step.B % 3}", lab.Now),
            17 => new OrderDevice(DeviceNumber(step.A), (FleetOrder)(step.B % 3), "by a person", lab.Now),
            18 => new DrainAgent(AgentNumber(step.A), step.B % 2 == 0, lab.Now),
            19 => Expire(step),
            20 => ExpireQueued(step),
            21 => new SetOrg(Run.DefaultPool, Org(step.A), 0.5 * (1 + (step.B % 4)), step.C % 3 == 0 ? step.B % 3 : null, step.C % 4 == 0 ? 0 : null),
            22 when (step.A ^ step.B) % 2 == 1 => Hooks(step),
            22 => new SetResource(Org(step.A), $"r{step.B % 2}", [.. Enumerable.Range(step.A % 2, step.C % 4).Select(i => $"u{i}")]),
            23 => (step.C % 4) switch
            {
                0 => new Forget(lab.Now - TimeSpan.FromSeconds(step.A), 1 + (step.B % 8), lab.Now),
                1 => Quarantine(step),
                _ => SetEstimate(step),
            },
            _ => new PutBuild(Org(step.A), Version(step.B), new Build(
                (Platform)(step.C % 2), "com.example", $"sha-{step.C % 3}", 1, "app", "1", lab.Now), lab.Now),
        };
    }

    /// <summary>Remembers what an answer gave, for later steps.</summary>
    public void Note(StoreCommand command, object answer)
    {
        if (command is Claim claim) claims.Add(claim);
        if (answer is ClaimAnswer.Claimed claimed) leases.Add(new LeaseRef(claimed.Device.Id, claimed.Device.Lease!.Token));
        if (answer is EnqueueAnswer.Accepted accepted) runs.Add(accepted.Run.Id);
    }

    private Enqueue Submit(Step step)
    {
        var specs = Enumerable.Range(0, 1 + (step.A % 4)).Select(i => new JobSpec
        {
            OrgId = Org(step.A),
            AppVersionId = Version(step.B + (step.C % 2 == 0 ? i : 0)),
            TestPath = $"tests/t{(step.C + i) % 5}.spec.ts",
            Target = (Target)(step.C % 5 == 0 ? 2 : step.C % 2),
            Platform = step.B % 4 == 0 ? Platform.Android : null,
            Device = step.B % 5 == 0 ? "os>=13" : null,
            Priority = (step.A % 4) - 1,
            MaxAttempts = 1 + (step.B % 2),
            InfraAttempts = 1 + (step.C % 3),
            Limits = new Limits(QueueSeconds: step.C % 6 == 0 ? 30 : 3600),
            Resources = ((step.A ^ step.C) % 5) switch { 0 => ["r0"], 1 => ["r1", "r0"], _ => [] },
        });
        lab.EstimateSeconds = step.C % 7 == 0 ? step.B : null;
        var command = step.B % 3 == 0
            ? lab.NewRun(specs, $"key{step.A % 4}", $"body{step.C % 2}")
            : lab.NewRun(specs);
        return command with { Run = command.Run with { SupersedeKey = step.C % 3 == 0 ? $"s{step.A % 2}" : null, FailFast = step.B % 4 == 1 } };
    }

    private StoreCommand Hooks(Step step)
    {
        var (org, name) = (Org(step.A), $"h{step.C % 2}");
        var delivery = new Delivery { Id = $"d-{step.C}", OrgId = org, Hook = name, Event = HookEvents.Ping, Body = "{}", CreatedAt = lab.Now, State = (DeliveryState)(step.B % 3) };
        var failing = new FailingTest
        {
            OrgId = org,
            TestId = $"t-{step.C % 3}",
            Platform = "",
            Line = "main",
            TestPath = "tests/a.spec.ts",
            SinceRun = "r-1",
            LastRun = "r-2",
            Since = lab.Now,
            LastAt = lab.Now,
        };
        return (step.C % 8) switch
        {
            0 => new RemoveHook(org, name),
            1 or 2 => new JudgeRun(Pick(runs, step.A) ?? "r-none", [delivery], step.B % 3 == 0 ? [failing] : [], step.B % 3 == 1 ? [failing] : []),
            3 => new NoteDelivery(delivery, IsNew: step.A % 2 == 0, Disable: step.A % 5 == 0 ? "gone" : null),
            4 => new Redeliver(org, name, delivery.Id, lab.Now),
            _ => new SetHook(new Hook { OrgId = org, Name = name, Url = "http://127.0.0.1/", CreatedAt = lab.Now }, $"whsec_{step.A}"),
        };
    }
    private StoreCommand Quarantine(Step step) => step.B % 3 == 0
        ? new EndQuarantine(Org(step.A), $"q-{step.A % 4}", lab.Now)
        : new SetQuarantine(Org(step.A), new QuarantinedTest(
            $"q-{step.A % 4}", step.B % 2 == 0 ? "tests/a.spec.ts" : "*", $"a › t{step.B % 3}", "flaky", "anna", lab.Now, lab.Now + TimeSpan.FromSeconds(step.C * 20)), lab.Now);

    private static SetEstimate SetEstimate(Step step) => new((step.C % 3) switch
    {
        0 => Estimates.OrgKey(Org(step.A)),
        1 => Estimates.InstallKey(Org(step.A), "com.example"),
        _ => Estimates.TestKey(Org(step.A), $"tests/t{step.B % 5}.spec.ts", (Target)(step.C % 2)),
    }, step.B);

    private async Task<StoreCommand> DecideAsync(Step step)
    {
        var view = await lab.PoolAsync();
        var free = view.Devices.Where(d => d.IsFree(lab.Now)).OrderBy(d => d.Id, StringComparer.Ordinal).ToList();
        var device = Pick(free, step.A);
        if (device is null || Dispatch.Decide(view, device, lab.Now) is not Decision.Claim decision) return Register(step);
        return view.ClaimFor(device, decision, lab.NewId("c"), Lab.Ttl, lab.Now);
    }

    /// <summary>A claim on old news, or one that was made before.</summary>
    private async Task<StoreCommand> StrayClaimAsync(Step step)
    {
        if (step.C % 2 == 0 && Pick(claims, step.A) is { } earlier) return earlier with { Now = lab.Now };
        var group = Pick((await lab.PoolAsync()).Groups.OrderBy(g => g.Id, StringComparer.Ordinal).ToList(), step.B)?.Id ?? "g-none";
        return new Claim(DeviceNumber(step.A), step.C, group, step.B, lab.NewId("c"), Lab.Ttl, lab.Now);
    }

    private Renew Renew(Step step) => new(AgentNumber(step.A), [.. leases.TakeLast(1 + (step.B % 6))], Lab.Ttl, lab.Now);

    private Progress Progress(Step step)
    {
        var build = new ResidentBuild($"com.example{step.B % 2}", $"sha-{step.C % 3}", "acme", Version(step.B));
        var news = new Progress(Lease(step), lab.Now);
        return (step.B % 5) switch
        {
            0 => news with { Status = JobStatus.Installing, Message = "installing" },
            1 => news with { Installed = build, InstallSeconds = step.C % 2 == 0 ? 3.5 : null },
            2 => news with { Status = JobStatus.Running, TestsTotal = step.C },
            3 => news with { Test = Lab.Test("x", (TestStatus)(step.C % 6)) },
            _ => news with { TestStarted = "a › x", Message = "note" },
        };
    }

    private Finish Finish(Step step)
    {
        if (step.C % 9 == 0 && Pick(finishes, step.A) is { } earlier) return earlier with { Now = lab.Now };
        TestResult[] tests = [.. Enumerable.Range(0, step.C % 3).Select(i => Lab.Test($"t{i}", (TestStatus)((step.A + i) % 6)))];
        var outcome = (AttemptOutcome)(1 + (step.B % (int)AttemptOutcome.Lost));
        var finish = new Finish(Lease(step), lab.NewId("f"), new AttemptEnd(outcome, $"ended {outcome}", step.C, tests), lab.Now);
        finishes.Add(finish);
        return finish;
    }

    private Register Register(Step step)
    {
        if (step.C % 4 == 0) boots++;
        var offers = Enumerable.Range(0, 6).Where(i => ((step.B + 63) >> i) % 2 == 1 || i % 3 == step.A % 3).Select(i => new DeviceOffer(
            DeviceNumber(i), i == 5 ? Target.Emulator : Target.Device, i == 4 ? Platform.Ios : Platform.Android,
            i % 2 == 0 ? "13" : "12.1", "Pixel 7", step.C % 3 == 0 ? ["lab1"] : [],
            step.C % 5 == 0 ? [new ResidentBuild("com.example0", $"sha-{i % 3}", "acme", Version(i))] : []));
        return new Register(AgentNumber(step.A), $"b{boots % 3}", "host", "0.1.0", "default", [.. offers], lab.Now);
    }

    private ExpireLeases Expire(Step step)
    {
        lab.Now += TimeSpan.FromSeconds(step.A);
        return new ExpireLeases(1 + (step.B % 4), lab.Now - TimeSpan.FromSeconds(90), lab.Now);
    }

    private ExpireQueued ExpireQueued(Step step)
    {
        lab.Now += TimeSpan.FromSeconds(step.A);
        return new ExpireQueued(1 + (step.B % 4), lab.Now);
    }

    /// <summary>Mostly one of the latest leases; sometimes an old token.</summary>
    private LeaseRef Lease(Step step) =>
        Pick(step.C % 8 == 7 ? leases : leases.TakeLast(4).ToList(), step.A) ?? new LeaseRef("d9", 1);

    private static T? Pick<T>(List<T> among, int number)
        where T : class => among.Count == 0 ? null : among[number % among.Count];

    private static string Org(int number) => number % 3 == 0 ? "other" : "acme";
    private static string Version(int number) => string.Create(CultureInfo.InvariantCulture, $"v{number % 3}");
    private static string AgentNumber(int number) => string.Create(CultureInfo.InvariantCulture, $"a{number % 2}");
    private static string DeviceNumber(int number) => string.Create(CultureInfo.InvariantCulture, $"d{number % 6}");
    private static string JobNumber(int number) => string.Create(CultureInfo.InvariantCulture, $"j-{number:d6}");
}
