using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Orgs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Tests.Jobs;

public sealed class SplitSizeTests
{
    [Theory]
    // A file of 40 minutes: a part for each phone, whether or not the build is there.
    [InlineData(2400, 60, 8, 8, 20, 8)]
    [InlineData(2400, 60, 8, 0, 20, 8)]
    // No part is shorter than a minute, or than two installations where the phone would need one.
    [InlineData(300, 20, 8, 8, 120, 5)]
    [InlineData(300, 20, 8, 0, 120, 1)]
    [InlineData(300, 20, 8, 3, 120, 3)]
    [InlineData(110, 20, 8, 8, 20, 1)]
    // The longest test alone decides when the file ends.
    [InlineData(600, 300, 8, 8, 20, 2)]
    [InlineData(2400, 60, 1, 1, 20, 1)]
    [InlineData(2400, 60, 0, 0, 20, 1)]
    [InlineData(100_000, 60, 500, 500, 20, 32)]
    public void By_itself_a_file_gets_as_many_parts_as_are_worth_it(double seconds, double longest, int devices, int withBuild, double install, int parts) =>
        Assert.Equal(parts, SplitSize.Auto(seconds, longest, seconds, new SplitRoom(devices, withBuild, install)));

    [Fact]
    public void Of_many_files_only_those_that_would_end_last_are_divided()
    {
        var room = new SplitRoom(4, 4, 20);
        Assert.Equal((1, 3), (SplitSize.Auto(200, 30, 1600, room), SplitSize.Auto(1000, 30, 1600, room)));
    }

    [Fact]
    public void Never_more_than_there_are_phones_nor_parts_too_short() =>
        Gen.Select(Gen.Double[0, 10_000], Gen.Double[0, 1], Gen.Double[1, 5], Gen.Int[0, 50], Gen.Int[0, 50], Gen.Double[0, 300]).Sample((seconds, longest, more, devices, withBuild, install) =>
        {
            var parts = SplitSize.Auto(seconds, seconds * longest, seconds * more, new SplitRoom(devices, withBuild, install));
            Assert.InRange(parts, 1, Math.Clamp(devices, 1, SplitSize.Most));
            if (parts == 1) return;
            Assert.True(seconds / parts >= SplitSize.LeastSeconds - 0.001);
            Assert.True(parts <= withBuild || seconds / parts >= (SplitSize.LeastInstalls * install) - 0.001);
        });

    [Fact]
    public void Phones_that_fit_and_are_there_count_up_to_what_the_org_may_use()
    {
        var spec = new JobSpec { OrgId = "o", AppVersionId = "v", TestPath = "a.ts", Target = Target.Device, Platform = Platform.Android };
        var version = new AppVersion
        {
            OrgId = "o",
            Id = "v",
            CreatedAt = default,
            InstallSeconds = 7,
            Builds = [new Build(Platform.Android, "p", "hash", 1, "a.apk", "1", default)],
        };
        var pool = Pool(null, Phone("1", "hash"), Phone("2"), Phone("3") with { Paused = true }, Phone("4") with { Online = false }, Phone("5", platform: Platform.Ios), Phone("6", agent: "leaving"));
        Assert.Equal(new SplitRoom(2, 1, 7), SplitRooms.Of(pool, spec, version));
        Assert.Equal(new SplitRoom(1, 1, 7), SplitRooms.Of(Pool(1, Phone("1", "hash"), Phone("2")), spec, version));
        Assert.Equal(0, SplitRooms.Of(pool, spec with { Resources = ["account"] }, version).Devices);
        Assert.Equal(new SplitRoom(2, 1, Estimates.UnknownInstallSeconds), SplitRooms.Of(pool, spec, null));
    }

    private static PoolView Pool(int? maxDevices, params Device[] devices)
    {
        var view = new PoolView();
        view.Apply(new PoolDelta(1, [], devices, [], [new OrgShare { Pool = "default", OrgId = "o", MaxDevices = maxDevices }], [], new HashSet<string> { "leaving" }));
        return view;
    }

    private static Device Phone(string id, string? build = null, Platform platform = Platform.Android, string agent = "a") => new()
    {
        AgentId = agent,
        Pool = "default",
        Online = true,
        Offer = new DeviceOffer(id, Target.Device, platform, "13", "Pixel", [], build is null ? [] : [new ResidentBuild("p", build, "o", "v")], true),
    };
}
