using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Tests.Scheduling;

public sealed class DispatchTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_device_stays_on_what_is_installed_even_when_another_group_is_older()
    {
        var pool = View(
            [Work("v1", queued: 1, tier: 5), Work("v2", queued: 9, tier: 1)],
            [Phone("d1", resident: "v1")]);
        Assert.Equal(Take(pool, "v1", install: false), Decide(pool, "d1"));
    }

    [Fact]
    public void Among_installed_app_versions_the_oldest_goes_first()
    {
        var pool = View(
            [Work("v1", queued: 1, tier: 5), Work("v2", queued: 1, tier: 4)],
            [Phone("d1") with { Offer = Offer("d1") with { Residents = [Resident("v1"), Resident("v2")] } }]);
        Assert.Equal(Take(pool, "v2", install: false), Decide(pool, "d1"));
    }

    [Fact]
    public void Residency_compares_builds_so_the_same_bytes_under_another_name_need_no_install()
    {
        var pool = View(
            [Work("v2", queued: 1)],
            [Phone("d1", resident: "v1")],
            [Version("v1", sha: "same"), Version("v2", sha: "same")]);
        Assert.Equal(Take(pool, "v2", install: true), Decide(pool, "d1"));
        pool.Apply(Delta(devices: [Phone("d1") with { Offer = Offer("d1") with { Residents = [new("com.example", "same", "acme", "v1")] } }]));
        Assert.Equal(Take(pool, "v2", install: false), Decide(pool, "d1"));
    }

    [Fact]
    public void Else_the_oldest_group_that_nobody_serves()
    {
        var pool = View(
            [Work("v1", queued: 99, tier: 1), Work("v2", queued: 1, tier: 7), Work("v3", queued: 1, tier: 6)],
            [Phone("d1")],
            [Version("v1", serving: 1), Version("v2"), Version("v3")]);
        Assert.Equal(Take(pool, "v3", install: true), Decide(pool, "d1"));
    }

    [Fact]
    public void Within_a_tier_the_longest_waiting_group_is_the_oldest()
    {
        var pool = View(
            [Work("v1", queued: 1) with { HeadSubmittedAt = Now }, Work("v2", queued: 1) with { HeadSubmittedAt = Now.AddSeconds(-1) }],
            [Phone("d1")]);
        Assert.Equal(Take(pool, "v2", install: true), Decide(pool, "d1"));
    }

    [Fact]
    public void Else_the_group_with_most_work_per_device()
    {
        var pool = View(
            [Work("v1", queued: 10), Work("v2", queued: 4)],
            [Phone("d1")],
            [Version("v1", serving: 5), Version("v2", serving: 1)]);
        Assert.Equal(Take(pool, "v2", install: true), Decide(pool, "d1"));
    }

    [Fact]
    public void Idle_says_why()
    {
        Assert.Equal(new Decision.Idle(IdleReason.NothingWaits), Decide(View([Work("v1", queued: 0)], [Phone("d1")]), "d1"));
        var emulatorsOnly = Work("v1", queued: 1) with { Key = Key("v1") with { Target = Target.Emulator } };
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(View([emulatorsOnly], [Phone("d1")]), "d1"));
        foreach (var busy in new[] { Phone("d1") with { Online = false }, Phone("d1") with { Paused = true } })
            Assert.Equal(new Decision.Idle(IdleReason.NotFree), Decide(View([Work("v1", queued: 1)], [busy]), "d1"));
        var draining = View([Work("v1", queued: 1)], [Phone("d1")]);
        draining.Apply(Delta(draining: ["a1"]));
        Assert.Equal(new Decision.Idle(IdleReason.NotFree), Decide(draining, "d1"));
    }

    [Fact]
    public void A_device_is_not_sent_a_build_of_another_platform()
    {
        var pool = View(
            [Work("v1", queued: 1)],
            [Phone("d1") with { Offer = Offer("d1") with { Platform = Platform.Ios } }, Phone("d2")],
            [Version("v1", sha: "apk")]);
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(pool, "d1"));
        Assert.Equal(Take(pool, "v1", install: true), Decide(pool, "d2"));
    }

    [Fact]
    public void A_bar_holds_while_another_device_fits_and_lapses_when_none_does()
    {
        var barred = Work("v1", queued: 1) with { Key = Key("v1") with { Barred = "d1" } };
        var pool = View([barred], [Phone("d1"), Phone("d2")]);
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(pool, "d1"));
        Assert.IsType<Decision.Claim>(Decide(pool, "d2"));
        foreach (var other in new[] { Phone("d2") with { Online = false }, Phone("d2") with { Paused = true } })
            Assert.IsType<Decision.Claim>(Decide(View([barred], [Phone("d1"), other]), "d1"));
        Assert.IsType<Decision.Claim>(Decide(View([barred with { Key = Key("v1") with { Barred = "d1\nd2" } }], [Phone("d1"), Phone("d2")]), "d1"));
    }

    [Fact]
    public void A_guess_counts_for_the_next_decision_and_goes_with_the_next_news()
    {
        var pool = View([Work("v1", queued: 1), Work("v2", queued: 1, tier: 9)], [Phone("d1"), Phone("d2")], [Version("v1"), Version("v2")]);
        pool.Assume("d1", GroupId("v1"));
        Assert.Equal(new Decision.Idle(IdleReason.NotFree), Decide(pool, "d1"));
        Assert.Equal(Take(pool, "v2", install: true), Decide(pool, "d2"));
        // Two claims on one app version in one batch: the second names the version that the first will leave.
        Assert.Equal(1, pool.FindAppVersion("acme", "v1")!.OpenVersion);
        pool.Apply(Delta());
        Assert.Equal(Take(pool, "v1", install: true), Decide(pool, "d1"));
        Assert.Equal(0, pool.FindAppVersion("acme", "v1")!.OpenVersion);
    }

    [Fact]
    public void The_same_view_and_seed_give_the_same_decision_and_never_one_that_does_not_fit() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 3]).Array[0, 12]
            .Select(Gen.Int, (groups, seed) => (groups, seed))
            .Sample(input =>
            {
                var groups = input.groups.Select((g, i) => Work($"v{i % 5}", queued: g.Item1, tier: g.Item2, key: Key($"v{i % 5}") with
                {
                    Target = (Target)g.Item3,
                    Needs = g.Item4 switch { 0 => "os>=14", 1 => "platform=android", 2 => "tag=lab9", _ => "" },
                })).DistinctBy(g => g.Id).ToList();
                var pool = View(groups, [Phone("d1"), Phone("d2", resident: "v2")]);
                foreach (var id in new[] { "d1", "d2" })
                {
                    var device = pool.FindDevice(id)!;
                    var decision = Dispatch.Decide(pool, device, Now);
                    var shuffled = View(Enumerable.Reverse(groups), [Phone("d2", resident: "v2"), Phone("d1")]);
                    Assert.Equal(decision, Dispatch.Decide(shuffled, device, Now));
                    var possible = groups.Where(g => g.Queued > 0 && Eligibility.Fits(WorkKind.Of(g, null), device.Offer)).ToList();
                    if (decision is not Decision.Claim claim) Assert.Empty(possible);
                    else
                    {
                        Assert.Contains(possible, g => g.Id == claim.GroupId);
                        Assert.Equal(!pool.IsResident(device, pool.FindGroup(claim.GroupId)!), claim.NeedsInstall);
                    }
                }
            });

    private static Decision Decide(PoolView pool, string device) => Dispatch.Decide(pool, pool.FindDevice(device)!, Now);

    private static Decision.Claim Take(PoolView pool, string version, bool install) =>
        new(pool.Groups.Single(g => g.Key.AppVersionId == version).Id, install);

    private static PoolView View(IEnumerable<Group> groups, IEnumerable<Device> devices, IEnumerable<AppVersion>? versions = null)
    {
        var view = new PoolView();
        view.Apply(Delta(groups, devices, versions));
        return view;
    }

    private static PoolDelta Delta(
        IEnumerable<Group>? groups = null, IEnumerable<Device>? devices = null, IEnumerable<AppVersion>? versions = null, string[]? draining = null) =>
        new(1, [.. groups ?? []], [.. devices ?? []], [.. versions ?? []], [], [], (draining ?? []).ToHashSet());

    private static GroupKey Key(string version) => new("acme", version, Target.Any, "", "");

    private static string GroupId(string version) => Key(version).ToId();

    private static Group Work(string version, int queued, long tier = 5, GroupKey? key = null)
    {
        key ??= Key(version);
        return new() { Id = key.ToId(), Key = key, Pool = "default", Queued = queued, Active = 1, QueuedSeconds = queued * 60, HeadTier = tier, HeadSubmittedAt = Now };
    }

    private static AppVersion Version(string id, int serving = 0, string? sha = null) => new()
    {
        OrgId = "acme",
        Id = id,
        CreatedAt = Now,
        Serving = serving,
        Builds = sha is null ? [] : [new Build(Platform.Android, "com.example", sha, 1, "app.apk", "1", Now)],
    };

    private static ResidentBuild Resident(string version) => new($"com.{version}", $"sha-{version}", "acme", version);

    private static DeviceOffer Offer(string id) => new(id, Target.Device, Platform.Android, "13", "Pixel 7", [], []);

    private static Device Phone(string id, string? resident = null) => new()
    {
        Offer = Offer(id) with { Residents = resident is null ? [] : [Resident(resident)] },
        Pool = "default",
        AgentId = "a1",
        Online = true,
    };
}
