using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Scheduling;
using Qgjob.Core.Storage;

namespace Qgjob.Core.Tests.Scheduling;

public sealed class WhyWaitingTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_that_waits_has_no_reason() => Assert.Null(WhyWaiting.Of(View([Phone("d1")]), Work("v1", queued: 0), 0, Now));

    [Fact]
    public void No_device_names_the_request_and_what_the_nearest_lack()
    {
        var wish = Key("v1") with { Needs = "model=Pixel*,os>=14,tag=lab9" };
        Says(WaitKind.NoDevice, "no device of this kind was seen yet (target any, model=Pixel*,os>=14,tag=lab9): d1, d2 and 1 more lack os>=14",
            View([Phone("d3", "lab9"), Phone("d1", "lab9"), Phone("d2", "lab9"), Phone("d0")], Work("v1", wish)));
        Says(WaitKind.NoDevice, "no device of this kind was seen yet (target emulator): d1 lacks target=emulator",
            View([Phone("d1")], Work("v1", Key("v1") with { Target = Target.Emulator })));
        Says(WaitKind.NoDevice, "no device of this kind was seen yet (target any): no agent offers a device", View([], Work("v1")));
    }

    [Fact]
    public void No_build_names_the_platforms()
    {
        var pool = View([Phone("d1") with { Offer = Phone("d1").Offer with { Platform = Platform.Ios } }], Work("v1"));
        pool.Apply(Delta(versions: [Version("v1", withBuild: true)]));
        Says(WaitKind.NoBuild, "no build of v1 for ios was uploaded", pool);
    }

    [Fact]
    public void Every_device_that_fits_is_out_of_service()
    {
        var paused = Phone("d1") with { Paused = true };
        var offline = Phone("d2") with { Online = false };
        var resting = Phone("d3") with { Health = new DeviceHealth([], 1, Now.AddMinutes(1)) };
        Says(WaitKind.Paused, "the only device that fits is paused", View([paused], Work("v1")));
        Says(WaitKind.Offline, "the only device that fits is offline", View([offline], Work("v1")));
        Says(WaitKind.Resting, "the only device that fits is resting after failures in a row, until 09:01:00 UTC", View([resting], Work("v1")));
        Says(WaitKind.OutOfService, "no device that fits is in service: 1 resting, 1 paused, 1 offline, until 09:01:00 UTC", View([paused, offline, resting], Work("v1")));
        var draining = View([Phone("d1"), Busy("d2")], Work("v1"));
        draining.Apply(Delta(draining: ["a1"]));
        Says(WaitKind.Draining, "all 2 devices that fit are draining: their agents get no new work", draining);
    }

    [Fact]
    public void Failed_on_every_device_that_fits()
    {
        Says(WaitKind.FailedEverywhere, "the job failed on all 2 devices that fit; the first of them in service that is free tries it again",
            View([Busy("d1"), Busy("d2")], Work("v1", Key("v1") with { Barred = "d1\nd2" })));
        Says(WaitKind.Busy, "the only device that fits is busy; on 1 other it failed", View([Phone("d1"), Busy("d2")], Work("v1", Key("v1") with { Barred = "d1" })));
    }

    [Fact]
    public void The_org_is_at_its_limit()
    {
        var pool = View([Phone("d1")], Work("v1"));
        pool.Apply(Delta(orgs: [Org("acme", active: 2) with { MaxDevices = 2 }]));
        Says(WaitKind.OrgLimit, "acme may use 2 devices at once, and does", pool);
    }

    [Fact]
    public void The_org_has_used_its_cloud_minutes()
    {
        var slot = Phone("s1") with { Offer = Phone("s1").Offer with { Target = Target.Browserstack } };
        var org = (Org("acme", active: 0) with { MaxCloudMinutes = 2 }).WithCloud(121, Now);
        var pool = View([slot], Work("v1"));
        pool.Apply(Delta(orgs: [org]));
        Says(WaitKind.OrgLimit, "acme has used its 2 cloud minutes of this month", pool);
        // Where others fit, these are what it waits for.
        pool = View([slot, Busy("d1")], Work("v1"));
        pool.Apply(Delta(orgs: [org]));
        Says(WaitKind.Busy, "the only device that fits is busy", pool);
    }

    [Fact]
    public void A_resource_has_no_free_unit()
    {
        var group = Work("v1", Key("v1") with { Resources = "licence\nseat" });
        var pool = View([Phone("d1")], group);
        Says(WaitKind.Resource, "acme has no resource licence", pool);
        pool.Apply(Delta(resources: [Resource("licence", null, null), Resource("seat", "d8", "d9")]));
        Says(WaitKind.Resource, "seat has 2 units, and all are held: by d8, d9", pool);
        pool.Apply(Delta(resources: [Resource("seat", "d8", null)]));
        Assert.Equal(WaitKind.Starting, WhyWaiting.Of(pool, group, 0, Now)!.Kind);
    }

    [Fact]
    public void Jobs_of_its_group_go_first_and_why_those_wait()
    {
        var pool = View([Busy("d1"), Busy("d2")], Work("v1", queued: 9));
        Says(WaitKind.BehindGroup, "3 jobs of its group go first; all 2 devices that fit are busy", pool, ahead: 3);
        Says(WaitKind.BehindGroup, "1 job of its group goes first; all 2 devices that fit are busy", pool, ahead: 1);
    }

    [Fact]
    public void Orgs_that_used_less_go_first()
    {
        var pool = View([Busy("d1")], Work("v1"), Work("x1", Key("x1") with { OrgId = "globex" }));
        pool.Apply(Delta(orgs: [Org("acme") with { VirtualTime = 900 }, Org("globex") with { VirtualTime = 300 }]));
        Says(WaitKind.OrgShare, "acme is over its share of the devices; an org that used less goes first: globex", pool);
        // Theirs is work for other devices.
        var others = View([Busy("d1")], Work("v1"), Work("x1", Key("x1") with { OrgId = "globex", Target = Target.Emulator }));
        others.Apply(Delta(orgs: [Org("acme") with { VirtualTime = 900 }, Org("globex") with { VirtualTime = 300 }]));
        Says(WaitKind.Busy, "the only device that fits is busy", others);
        // Its own devices have the app and stay, while it is not too far ahead.
        pool.Apply(Delta(devices: [Busy("d1", resident: "v1")], orgs: [Org("acme") with { VirtualTime = 500 }]));
        Says(WaitKind.Busy, "the only device that fits is busy", pool);
        pool.Apply(Delta(orgs: [Org("acme") with { VirtualTime = 900 }]));
        Says(WaitKind.OrgShare, "acme is over its share of the devices; an org that used less goes first: globex", pool);
    }

    [Fact]
    public void All_that_fit_are_busy()
    {
        Says(WaitKind.Busy, "no device that fits is free: 2 busy, 1 paused", View([Busy("d1"), Busy("d2"), Phone("d3") with { Paused = true }], Work("v1")));
        var older = View([Phone("d1")], Work("v1", tier: 9), Work("v2", tier: 1));
        Says(WaitKind.Busy, "the device that fits and is free goes for work that comes before", older);
        Says(WaitKind.Starting, "a device that fits is free; it starts as soon as its agent asks for work", View([Phone("d1"), Busy("d2")], Work("v1")));
    }

    [Fact]
    public void One_more_install_is_not_worth_it()
    {
        var pool = View([Phone("d1"), Busy("d2")], Work("v1"));
        pool.Apply(Delta(versions: [Version("v1") with { Serving = 1, InstallSeconds = 90 }]));
        Says(WaitKind.InstallNotWorthIt, "the device that has the app serves it sooner than one more install of 90 s would", pool);
    }

    private static void Says(WaitKind kind, string text, PoolView pool, int ahead = 0)
    {
        var group = pool.Groups.Single(g => g.Key.AppVersionId == "v1");
        Assert.Equal(new WaitReason(kind, text), WhyWaiting.Of(pool, group, ahead, Now));
    }

    private static PoolView View(IReadOnlyList<Device> devices, params Group[] groups)
    {
        var view = new PoolView();
        view.Apply(Delta(devices, groups));
        return view;
    }

    private static PoolDelta Delta(
        IReadOnlyList<Device>? devices = null, IReadOnlyList<Group>? groups = null, IReadOnlyList<AppVersion>? versions = null,
        IReadOnlyList<OrgShare>? orgs = null, IReadOnlyList<Resource>? resources = null, string[]? draining = null) =>
        new(1, groups ?? [], devices ?? [], versions ?? [], orgs ?? [], resources ?? [], (draining ?? []).ToHashSet());

    private static GroupKey Key(string version) => new("acme", version, Target.Any, "", "");

    private static Group Work(string version, GroupKey? key = null, int queued = 1, long tier = 5)
    {
        key ??= Key(version);
        return new() { Id = key.ToId(), Key = key, Pool = "default", Queued = queued, QueuedSeconds = queued * 60, HeadTier = tier, HeadSubmittedAt = Now };
    }

    private static AppVersion Version(string id, bool withBuild = false) => new()
    {
        OrgId = "acme",
        Id = id,
        CreatedAt = Now,
        Builds = withBuild ? [new Build(Platform.Android, "com.example", $"sha-{id}", 1, "app.apk", "1", Now)] : [],
    };

    private static OrgShare Org(string id, int active = 0) => new() { Pool = "default", OrgId = id, Queued = 1, Active = active };

    private static Resource Resource(string name, params string?[] holders) => new()
    {
        OrgId = "acme",
        Name = name,
        Units = [.. holders.Select((h, i) => new ResourceUnit($"unit{i}", h is null ? null : new LeaseRef(h, 1)))],
    };

    private static Device Phone(string id, params string[] tags) => new()
    {
        Offer = new DeviceOffer(id, Target.Device, Platform.Android, "13", "Pixel 7", tags, []),
        Pool = "default",
        AgentId = "a1",
        Online = true,
    };

    private static Device Busy(string id, string? resident = null) => Phone(id) with
    {
        Offer = Phone(id).Offer with { Residents = resident is null ? [] : [new ResidentBuild("com.example", $"sha-{resident}", "acme", resident)] },
        Lease = new Lease(1, "j", "r", 1, "g", "acme", "v", "c", Now, Now.AddMinutes(1)),
    };
}
