using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Core.Tests.Scheduling;

public sealed class DispatchTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    // What is installed

    [Fact]
    public void A_device_stays_on_what_is_installed_although_another_group_is_an_hour_older() =>
        Assert.Equal(Take("v1", install: false), Decide([Work("v1"), Work("v2", minutes: 60)], Phone("d1", resident: "v1")));

    [Fact]
    public void It_leaves_for_a_group_that_is_older_still() =>
        Assert.Equal(Take("v2", install: true), Decide([Work("v1"), Work("v2", minutes: 70)], Phone("d1", resident: "v1")));

    [Fact]
    public void It_leaves_for_a_higher_priority() =>
        Assert.Equal(Take("v2", install: true), Decide([Work("v1"), Work("v2", priority: 1)], Phone("d1", resident: "v1")));

    [Fact]
    public void It_stays_when_the_higher_priority_is_served_sooner_by_those_who_have_it() => Assert.Equal(
        Take("v1", install: false),
        Decide([Work("v1"), Work("v2", priority: 1, seconds: 60)], Phone("d1", resident: "v1"), [Version("v2", serving: 1)]));

    [Fact]
    public void Age_makes_up_for_priority() => Assert.Equal(
        Take("v1", install: false),
        Decide([Work("v1", priority: -1, minutes: 30), Work("v2", priority: 1, minutes: 1)], Phone("d1", resident: "v1")));

    [Fact]
    public void Among_installed_app_versions_the_oldest_goes_first() => Assert.Equal(
        Take("v2", install: false),
        Decide([Work("v1"), Work("v2", minutes: 5)], Phone("d1") with { Offer = Offer("d1") with { Residents = [Resident("v1"), Resident("v2")] } }));

    [Fact]
    public void Residency_compares_builds_so_the_same_bytes_under_another_name_need_no_install()
    {
        var pool = View([Work("v2")], [Phone("d1", resident: "v1")], [Version("v1", sha: "same"), Version("v2", sha: "same")]);
        Assert.Equal(Take("v2", install: true), Decide(pool, "d1"));
        pool.Apply(Delta(devices: [Phone("d1") with { Offer = Offer("d1") with { Residents = [new("com.example", "same", "acme", "v1")] } }]));
        Assert.Equal(Take("v2", install: false), Decide(pool, "d1"));
    }

    // A slot in a cloud

    [Fact]
    public void A_slot_takes_the_oldest_that_nobody_serves_and_installs_nothing() => Assert.Equal(
        Take("v2", install: false),
        Decide([Work("v1", seconds: 9_999), Work("v2", seconds: 1, minutes: 5)], Slot("d1"), [Version("v1", serving: 1)]));

    [Fact]
    public void A_slot_helps_however_little_is_left() => Assert.Equal(
        Take("v1", install: false),
        Decide([Work("v1", seconds: 1)], Slot("d1"), [Version("v1", serving: 3) with { InstallSeconds = 50 }]));

    // What is worth an install

    [Fact]
    public void Else_the_oldest_group_that_nobody_serves() => Assert.Equal(
        Take("v3", install: true),
        Decide([Work("v1", seconds: 99_999, minutes: 50), Work("v2"), Work("v3", minutes: 1)], Phone("d1"), [Version("v1", serving: 1)]));

    [Fact]
    public void Among_equally_old_ones_that_with_most_work() =>
        Assert.Equal(Take("v2", install: true), Decide([Work("v1", seconds: 100), Work("v2", seconds: 200), Work("v3", seconds: 150)], Phone("d1")));

    [Fact]
    public void Else_the_group_that_one_more_device_helps_most() => Assert.Equal(
        Take("v2", install: true),
        Decide([Work("v1", seconds: 1000), Work("v2", seconds: 400)], Phone("d1"), [Version("v1", serving: 5), Version("v2", serving: 1)]));

    [Fact]
    public void A_device_idles_rather_than_install_for_next_to_nothing() => Assert.Equal(
        new Decision.Idle(IdleReason.NotWorthAnInstall),
        Decide([Work("v1", seconds: 100)], Phone("d1"), [Version("v1", serving: 1) with { InstallSeconds = 50 }]));

    [Fact]
    public void What_an_install_takes_decides_between_equal_groups() => Assert.Equal(
        Take("v2", install: true),
        Decide([Work("v1", seconds: 500), Work("v2", seconds: 500)], Phone("d1"),
            [Version("v1", serving: 1) with { InstallSeconds = 100 }, Version("v2", serving: 1) with { InstallSeconds = 20 }]));

    [Fact]
    public void Where_the_first_priority_needs_nobody_the_next_one_is_served() => Assert.Equal(
        Take("v2", install: true),
        Decide([Work("v1", priority: 2, seconds: 10), Work("v2", seconds: 10)], Phone("d1"), [Version("v1", serving: 1)]));

    // Orgs

    [Fact]
    public void The_org_that_used_least_goes_first() => Assert.Equal(
        Take("v2", install: true, "small"),
        Decide([Work("v1", minutes: 59), Work("v2", org: "small")], Phone("d1"), orgs: [Org("acme", used: 100), Org("small", used: 99)]));

    [Fact]
    public void A_device_leaves_its_app_version_only_for_an_org_far_behind_that_is_kept_waiting()
    {
        Assert.Equal(Take("v1", install: false), Try(used: 5000, minutes: 0.5));
        Assert.Equal(Take("v1", install: false), Try(used: 200, minutes: 5));
        Assert.Equal(Take("v2", install: true, "small"), Try(used: 5000, minutes: 1));

        static Decision Try(double used, double minutes) => Decide(
            [Work("v1"), Work("v2", org: "small", minutes: minutes)], Phone("d1", resident: "v1"), orgs: [Org("acme", used), Org("small", 0)]);
    }

    [Fact]
    public void What_a_device_is_worth_to_another_org_counts_as_long_as_that_has_a_use_for_it()
    {
        var ours = Work("v1", seconds: 200);
        var theirs = Work("v2", org: "small", seconds: 400);
        IReadOnlyList<AppVersion> versions = [Version("v1", serving: 2), Version("v2", serving: 1) with { OrgId = "small" }];
        IReadOnlyList<OrgShare> orgs = [Org("acme", used: 0), Org("small", used: 100)];
        Assert.Equal(Take("v1", install: true), Decide([ours], Phone("d1"), versions, orgs));
        Assert.Equal(Take("v2", install: true, "small"), Decide([ours, theirs], Phone("d1"), versions, orgs));
        Assert.Equal(Take("v1", install: true), Decide([ours, theirs with { QueuedSeconds = 1 }], Phone("d1"), versions, orgs));
    }

    [Fact]
    public void An_org_at_its_limit_is_passed_over()
    {
        IReadOnlyList<Group> both = [Work("v1"), Work("v2", org: "small")];
        Assert.Equal(Take("v2", install: true, "small"), Decide(both, Phone("d1", resident: "v1"), orgs: [Org("acme", 0) with { Active = 3, MaxDevices = 3 }, Org("small", 9e9)]));
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide([both[0]], Phone("d1"), orgs: [Org("acme", 0) with { MaxDevices = 0 }]));
        // Cloud minutes keep from the cloud alone, and only in their month.
        var slot = Slot("s1");
        var spent = (Org("acme", 0) with { MaxCloudMinutes = 1 }).WithCloud(60, Now);
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide([both[0]], slot, orgs: [spent]));
        Assert.IsType<Decision.Claim>(Decide([both[0]], Phone("d1"), orgs: [spent]));
        Assert.IsType<Decision.Claim>(Decide([both[0]], slot, orgs: [spent with { CloudMonth = 202512 }]));
    }

    // Who may serve what

    [Fact]
    public void Idle_says_why()
    {
        Assert.Equal(new Decision.Idle(IdleReason.NothingWaits), Decide([Work("v1", queued: 0)], Phone("d1")));
        var emulatorsOnly = Work("v1", key: Key("v1") with { Target = Target.Emulator });
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide([emulatorsOnly], Phone("d1")));
        foreach (var busy in new[] { Phone("d1") with { Online = false }, Phone("d1") with { Paused = true }, Resting("d1", minutes: 1) })
            Assert.Equal(new Decision.Idle(IdleReason.NotFree), Decide([Work("v1")], busy));
        Assert.Equal(Take("v1", install: true), Decide([Work("v1")], Resting("d1", minutes: 0)));
        var draining = View([Work("v1")], [Phone("d1")]);
        draining.Apply(Delta(draining: ["a1"]));
        Assert.Equal(new Decision.Idle(IdleReason.NotFree), Decide(draining, "d1"));
    }

    [Fact]
    public void A_device_is_not_sent_a_build_of_another_platform()
    {
        var pool = View([Work("v1")], [Phone("d1") with { Offer = Offer("d1") with { Platform = Platform.Ios } }, Phone("d2")], [Version("v1", sha: "apk")]);
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(pool, "d1"));
        Assert.Equal(Take("v1", install: true), Decide(pool, "d2"));
    }

    [Fact]
    public void A_bar_holds_while_another_device_fits_and_lapses_when_none_does()
    {
        var barred = Work("v1", key: Key("v1") with { Barred = "d1" });
        var pool = View([barred], [Phone("d1"), Phone("d2")]);
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(pool, "d1"));
        Assert.IsType<Decision.Claim>(Decide(pool, "d2"));
        foreach (var other in new[] { Phone("d2") with { Online = false }, Phone("d2") with { Paused = true } })
        {
            pool.Apply(Delta(devices: [other]));
            Assert.IsType<Decision.Claim>(Decide(pool, "d1"));
            pool.Apply(Delta(devices: [Phone("d2")]));
            Assert.IsType<Decision.Idle>(Decide(pool, "d1"));
        }
        pool.Apply(Delta(draining: ["a2"]));
        Assert.IsType<Decision.Claim>(Decide(pool, "d1"));
        Assert.IsType<Decision.Claim>(Decide(View([Work("v1", key: Key("v1") with { Barred = "d1\nd2" })], [Phone("d1"), Phone("d2")]), "d1"));
    }

    [Fact]
    public void Work_whose_resource_has_no_free_unit_is_passed_over()
    {
        var pool = View([Work("v1", minutes: 30, key: Key("v1") with { Resources = "account" }), Work("v2")], [Phone("d1"), Phone("d2")]);
        Assert.Equal(Take("v2", install: true), Decide(pool, "d1"));
        pool.Apply(Delta(resources: [Accounts(null)]));
        Assert.Equal(Take("v1", install: true, resources: "account"), Decide(pool, "d1"));
        pool.Apply(Delta(resources: [Accounts(new LeaseRef("d9", 1))]));
        Assert.Equal(Take("v2", install: true), Decide(pool, "d1"));
    }

    // Guesses

    [Fact]
    public void A_guess_counts_for_the_next_decision_and_goes_with_the_next_news()
    {
        var pool = View([Work("v1", minutes: 1), Work("v2")], [Phone("d1"), Phone("d2")], [Version("v1"), Version("v2")]);
        pool.Assume("d1", Key("v1").ToId());
        Assert.Equal(new Decision.Idle(IdleReason.NotFree), Decide(pool, "d1"));
        Assert.Equal(Take("v2", install: true), Decide(pool, "d2"));
        // Two claims on one app version in one batch: the second names the version that the first will leave.
        Assert.Equal(1, pool.FindAppVersion("acme", "v1")!.OpenVersion);
        Assert.Equal((1, 90.0), (pool.OrgOf("acme").Active, pool.OrgOf("acme").VirtualTime));
        pool.Apply(Delta());
        Assert.Equal(Take("v1", install: true), Decide(pool, "d1"));
        Assert.Equal((0, 0), (pool.FindAppVersion("acme", "v1")!.OpenVersion, pool.OrgOf("acme").Active));
    }

    [Fact]
    public void A_guess_takes_the_unit_too()
    {
        var both = new[] { Work("v1", key: Key("v1") with { Resources = "account" }), Work("v2", key: Key("v2") with { Resources = "account" }) };
        var pool = View(both, [Phone("d1"), Phone("d2")]);
        pool.Apply(Delta(resources: [Accounts(null)]));
        pool.Assume("d1", both[0].Id);
        Assert.Equal(new Decision.Idle(IdleReason.NothingFits), Decide(pool, "d2"));
        pool.Apply(Delta());
        Assert.IsType<Decision.Claim>(Decide(pool, "d2"));
    }

    [Fact]
    public void A_device_that_has_to_be_started_weighs_its_start_like_an_install()
    {
        var cold = Phone("d1") with { Offer = Offer("d1") with { StartSeconds = 60 } };
        // Nobody serves it: worth it.
        Assert.Equal(Take("v1", install: true), Decide([Work("v1")], cold));
        // One serves 150 s of work: worth an install of 30 s, not a start of 60 s besides.
        AppVersion[] served = [Version("v1", serving: 1)];
        Assert.Equal(Take("v1", install: true), Decide([Work("v1", seconds: 150)], Phone("d1"), served));
        Assert.Equal(new Decision.Idle(IdleReason.NotWorthAnInstall), Decide([Work("v1", seconds: 150)], cold, served));
        Assert.Equal(Take("v1", install: true), Decide([Work("v1", seconds: 200)], cold, served));
    }

    // For any view

    [Fact]
    public void The_order_of_news_makes_no_difference_and_nothing_is_taken_that_does_not_fit() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 90], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[-1, 2], Gen.Int[0, 2]).Array[0, 12].Sample(input =>
        {
            var groups = input.Select((g, i) => Work($"v{i % 5}", queued: g.Item1, minutes: g.Item2, priority: g.Item5, key: new GroupKey(
                $"org{i % 2}", $"v{i % 5}", (Target)g.Item3, g.Item4 switch { 0 => "os>=14", 1 => "platform=android", 2 => "tag=lab9", _ => "" }, "")))
                .DistinctBy(g => g.Id).ToList();
            var versions = groups.Select((g, i) => Version(g.Key.AppVersionId, serving: i % 3) with { OrgId = g.Key.OrgId }).DistinctBy(v => (v.OrgId, v.Id)).ToList();
            OrgShare[] orgs = [Org("org0", used: input.Length * 100), Org("org1", used: 300)];
            Device[] devices = [Phone("d1"), Phone("d2", resident: "v2")];
            var pool = View(groups, devices, versions, orgs);
            var inPieces = new PoolView();
            foreach (var group in Enumerable.Reverse(groups)) inPieces.Apply(Delta(groups: [group with { QueuedSeconds = 1, HeadTier = 3 }]));
            inPieces.Apply(Delta(devices: devices.Reverse(), orgs: orgs.Reverse()));
            foreach (var group in groups) inPieces.Apply(Delta(groups: [group]));
            inPieces.Apply(Delta(versions: Enumerable.Reverse(versions)));
            foreach (var device in devices)
            {
                var decision = Dispatch.Decide(pool, device, Now);
                Assert.Equal(decision, Dispatch.Decide(inPieces, device, Now));
                var possible = groups.Where(g => g.Queued > 0 && Eligibility.Fits(WorkKind.Of(g, null), device.Offer)).ToList();
                if (decision is Decision.Claim claim)
                {
                    var group = Assert.Single(possible, g => g.Id == claim.GroupId);
                    Assert.Equal(!pool.IsResident(device, group), claim.NeedsInstall);
                }
                else Assert.DoesNotContain(possible, g => pool.Serving(g) == 0 || pool.IsResident(device, g));
            }
        });

    private static Decision Decide(PoolView pool, string device) => Dispatch.Decide(pool, pool.FindDevice(device)!, Now);

    private static Decision Decide(
        IReadOnlyList<Group> groups, Device device, IReadOnlyList<AppVersion>? versions = null, IReadOnlyList<OrgShare>? orgs = null) =>
        Dispatch.Decide(View(groups, [device], versions, orgs), device, Now);

    private static Decision.Claim Take(string version, bool install, string org = "acme", string resources = "") =>
        new((Key(version, org) with { Resources = resources }).ToId(), install);

    private static PoolView View(
        IEnumerable<Group> groups, IEnumerable<Device> devices, IEnumerable<AppVersion>? versions = null, IEnumerable<OrgShare>? orgs = null)
    {
        var view = new PoolView();
        view.Apply(Delta(groups, devices, versions, orgs));
        return view;
    }

    private static PoolDelta Delta(
        IEnumerable<Group>? groups = null, IEnumerable<Device>? devices = null, IEnumerable<AppVersion>? versions = null,
        IEnumerable<OrgShare>? orgs = null, IEnumerable<Resource>? resources = null, string[]? draining = null) =>
        new(1, [.. groups ?? []], [.. devices ?? []], [.. versions ?? []], [.. orgs ?? []], [.. resources ?? []], (draining ?? []).ToHashSet());

    private static GroupKey Key(string version, string org = "acme") => new(org, version, Target.Any, "", "");

    private static Group Work(
        string version, int queued = 1, double minutes = 0, int priority = 0, double seconds = 60, string org = "acme", GroupKey? key = null)
    {
        key ??= Key(version, org);
        var submitted = Now.AddMinutes(-minutes);
        return new()
        {
            Id = key.ToId(),
            Key = key,
            Pool = "default",
            Queued = queued,
            Active = 1,
            QueuedSeconds = seconds,
            HeadTier = Estimates.TierOf(submitted, priority),
            HeadSubmittedAt = submitted,
        };
    }

    private static AppVersion Version(string id, int serving = 0, string? sha = null) => new()
    {
        OrgId = "acme",
        Id = id,
        CreatedAt = Now,
        Serving = serving,
        InstallSeconds = 30,
        Builds = sha is null ? [] : [new Build(Platform.Android, "com.example", sha, 1, "app.apk", "1", Now)],
    };

    private static OrgShare Org(string id, double used) => new() { Pool = "default", OrgId = id, VirtualTime = used, Queued = 1 };

    private static Resource Accounts(LeaseRef? holder) => new() { OrgId = "acme", Name = "account", Units = [new ResourceUnit("a", holder)] };

    private static ResidentBuild Resident(string version) => new($"com.{version}", $"sha-{version}", "acme", version);

    private static DeviceOffer Offer(string id) => new(id, Target.Device, Platform.Android, "13", "Pixel 7", [], []);

    private static Device Phone(string id, string? resident = null) => new()
    {
        Offer = Offer(id) with { Residents = resident is null ? [] : [Resident(resident)] },
        Pool = "default",
        AgentId = "a" + id[1..],
        Online = true,
    };

    private static Device Slot(string id) => Phone(id) with { Offer = Offer(id) with { Target = Target.Browserstack, Models = [new("Google Pixel 8", "14", Platform.Android)] } };

    private static Device Resting(string id, double minutes) =>
        Phone(id) with { Health = new DeviceHealth([], 1, Now.AddMinutes(minutes)) };
}
