using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Tests.Scheduling;

/// <summary>Devices that are spared for when others are not enough, on virtual time.</summary>
public sealed class OverflowTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);
    private const string FiveMinutes = "browserstack 300";

    [Fact]
    public void A_slot_is_spared_until_the_job_has_waited_and_a_phone_is_not()
    {
        var pool = View([Phone("p1", busy: true), Slot("s1")], Work("v1"));
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(pool, "s1", 0));
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(pool, "s1", 299));
        Assert.Equal(new Decision.Claim(Id("v1"), NeedsInstall: false), Decide(pool, "s1", 300));
        var free = View([Phone("p1"), Slot("s1")], Work("v1"));
        Assert.Equal(new Decision.Claim(Id("v1"), NeedsInstall: true), Decide(free, "p1", 0));
    }

    [Fact]
    public void What_keeps_the_phones_busy_for_longer_goes_to_the_slots_at_once_and_no_more_than_that()
    {
        // On two phones: the last of 10 jobs of 100 s starts after 450 s, the last of 7 after 300 s, the last of 6 after 250 s.
        Device[] devices = [Phone("p1", busy: true), Phone("p2", busy: true), Slot("s1")];
        foreach (var (queued, open) in new[] { (10, true), (7, true), (6, false), (1, false) })
            Assert.Equal(open, Decide(View(devices, Work("v1", queued)), "s1", 0) is Decision.Claim);
        // One with 6 opens as time passes: after 50 s.
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(View(devices, Work("v1", 6)), "s1", 49));
        Assert.IsType<Decision.Claim>(Decide(View(devices, Work("v1", 6)), "s1", 50));
    }

    [Fact]
    public void Without_a_phone_in_service_nothing_is_spared()
    {
        Assert.IsType<Decision.Claim>(Decide(View([Slot("s1")], Work("v1")), "s1", 0));
        var pool = View([Phone("p1"), Slot("s1")], Work("v1"));
        Assert.IsType<Decision.Idle>(Decide(pool, "s1", 0));
        pool.Apply(Delta(devices: [Phone("p1") with { Paused = true }]));
        Assert.IsType<Decision.Claim>(Decide(pool, "s1", 0));
        pool.Apply(Delta(devices: [Phone("p1")]));
        Assert.IsType<Decision.Idle>(Decide(pool, "s1", 0));
        pool.Apply(Delta(draining: ["agent-p1"]));
        Assert.IsType<Decision.Claim>(Decide(pool, "s1", 0));
    }

    [Fact]
    public void Other_work_of_the_slot_is_not_touched()
    {
        var pool = View([Phone("p1", busy: true), Slot("s1")], Work("v1"), Work("v2", overflow: ""));
        Assert.Equal(new Decision.Claim(Id("v2", ""), NeedsInstall: false), Decide(pool, "s1", 0));
    }

    [Fact]
    public void Why_it_waits_says_until_when_and_what_then()
    {
        var pool = View([Phone("p1", busy: true), Slot("s1")], Work("v1"));
        Assert.Equal(
            "the only device that fits is busy; it waits for own devices until 12:05:00 UTC, then BrowserStack too",
            WhyWaiting.Of(pool, pool.Groups.Single(), 0, Now)!.Text);
        Assert.Equal("a device that fits is free; it starts as soon as its agent asks for work", WhyWaiting.Of(pool, pool.Groups.Single(), 0, Now.AddMinutes(5))!.Text);
        Assert.EndsWith("then BrowserStack too (none that fits was seen yet)", WhyWaiting.Of(View([Phone("p1", busy: true)], Work("v1")), pool.Groups.Single(), 0, Now)!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_forecast_starts_it_on_the_slot_when_that_opens()
    {
        var lease = new Lease(1, "j", "r", 1, "g", "acme", "v0", "c", Now, Now.AddHours(1), ChargedSeconds: 900);
        var pool = View([Phone("p1") with { Lease = lease }, Slot("s1")], Work("v1"));
        Assert.Equal(Now.AddSeconds(300), Forecast.Of(pool.Snapshot(), Now).OfJob(Id("v1"), 0)!.Value.Start);
        var soon = View([Phone("p1") with { Lease = lease with { ChargedSeconds = 100 } }, Slot("s1")], Work("v1"));
        Assert.Equal(Now.AddSeconds(100), Forecast.Of(soon.Snapshot(), Now).OfJob(Id("v1"), 0)!.Value.Start);
    }

    [Fact]
    public void Whatever_the_order_of_news_and_looks_a_slot_takes_what_its_gate_lets_through() => Gen.Select(
        Gen.Select(Gen.Int[1, 8], Gen.Int[0, 400], Gen.Int[0, 3]).Array[1, 5], Gen.Int[0, 3], Gen.Int[0, 600].Array[1, 6]).Sample((work, phones, looks) =>
    {
        var groups = work.Select((w, i) => Work($"v{i}", w.Item1, submitted: -w.Item2, overflow: w.Item3 == 0 ? "" : $"browserstack {w.Item3 * 100}")).ToList();
        var pool = new PoolView();
        foreach (var group in groups)
        {
            pool.Apply(Delta(groups: [group with { Queued = 1, QueuedSeconds = 5 }]));
            Decide(pool, Slot("s1"), -1000);
        }
        pool.Apply(Delta(groups: groups, devices: [Slot("s1"), .. Enumerable.Range(0, phones).Select(i => Phone($"p{i}", busy: true))]));
        foreach (var look in looks.Order())
        {
            var now = Now.AddSeconds(look);
            var open = groups.Where(g => Overflow.Of(g.Key) is not { } o || phones == 0
                || g.HeadSubmittedAt + o.After - TimeSpan.FromSeconds(g.QueuedSeconds * (g.Queued - 1) / g.Queued / phones) <= now).Select(g => g.Id).ToList();
            if (Decide(pool, "s1", look) is Decision.Claim claim) Assert.Contains(claim.GroupId, open);
            else Assert.Empty(open);
            Assert.All(groups, g => Assert.Equal(open.Contains(g.Id), Eligibility.Fits(pool.KindOf(g, now), Slot("s1").Offer)));
        }
    });

    private static Decision Decide(PoolView pool, string device, double seconds) => Decide(pool, pool.FindDevice(device)!, seconds);

    private static Decision Decide(PoolView pool, Device device, double seconds) => Dispatch.Decide(pool, device, Now.AddSeconds(seconds));

    private static PoolView View(IReadOnlyList<Device> devices, params Group[] groups)
    {
        var view = new PoolView();
        view.Apply(Delta(devices, groups));
        return view;
    }

    private static PoolDelta Delta(IReadOnlyList<Device>? devices = null, IReadOnlyList<Group>? groups = null, string[]? draining = null) =>
        new(1, groups ?? [], devices ?? [], [], [], [], (draining ?? []).ToHashSet());

    private static GroupKey Key(string version, string overflow) => new("acme", version, Target.Any, "", "", Overflow: overflow);

    private static string Id(string version, string overflow = FiveMinutes) => Key(version, overflow).ToId();

    private static Group Work(string version, int queued = 1, double submitted = 0, string overflow = FiveMinutes) => new()
    {
        Id = Id(version, overflow),
        Key = Key(version, overflow),
        Pool = "default",
        Queued = queued,
        QueuedSeconds = queued * 100,
        HeadTier = Estimates.TierOf(Now.AddSeconds(submitted), 0),
        HeadSubmittedAt = Now.AddSeconds(submitted),
    };

    private static Device Phone(string id, bool busy = false) => new()
    {
        Offer = new DeviceOffer(id, Target.Device, Platform.Android, "13", "Pixel 7", [], []),
        Pool = "default",
        AgentId = $"agent-{id}",
        Online = true,
        Lease = busy ? new Lease(1, "j", "r", 1, "g", "other", "v0", "c", Now, Now.AddHours(1), ChargedSeconds: 900) : null,
    };

    private static Device Slot(string id) => Phone(id) with { Offer = Phone(id).Offer with { Target = Target.Browserstack } };
}
