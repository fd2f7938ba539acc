using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Tests.Groups;

public sealed class GroupKeyTests
{
    private static readonly JobSpec Spec = new() { OrgId = "acme", AppVersionId = "v1", TestPath = "a.spec.ts" };

    /// <summary>Stores hold these ids: a change of the hash would split every queue in two.</summary>
    [Fact]
    public void Ids_never_change()
    {
        Assert.Equal("g-ce9cf3c96b68fb58", GroupKey.Of(Spec, []).ToId());
        Assert.Equal("g-5c9cfb6480457f70", GroupKey.Of(Spec with { Target = Target.Emulator, Platform = Platform.Android, Device = "os>=13" }, ["d2", "d1"]).ToId("night"));
    }

    [Fact]
    public void Resources_in_any_order_make_a_group_of_their_own_and_none_changes_no_id()
    {
        var key = GroupKey.Of(Spec with { Resources = ["b", "a", "b"] }, []);
        Assert.Equal(["a", "b"], key.ResourceNames());
        Assert.Equal("g-4de8436cfff4cd6a", key.ToId());
        Assert.Empty(GroupKey.Of(Spec, []).ResourceNames());
    }

    [Fact]
    public void Equal_needs_in_another_order_or_form_are_one_group()
    {
        var one = GroupKey.Of(Spec with { Platform = Platform.Android, Device = "tag=lab1, os >= 13" }, ["b", "a"]);
        var two = GroupKey.Of(Spec with { Device = "OS>=13,platform=android,tag=lab1,tag=lab1" }, ["a", "b"]);
        Assert.Equal(one, two);
        Assert.Equal(one.ToId(), two.ToId());
    }

    [Fact]
    public void Whatever_a_device_must_be_separates_groups_and_nothing_else_does()
    {
        JobSpec[] different =
        [
            Spec, Spec with { OrgId = "other" }, Spec with { AppVersionId = "v2" }, Spec with { Target = Target.Device },
            Spec with { Platform = Platform.Ios }, Spec with { Device = "os>=13" },
            Spec with { Resources = ["a"] }, Spec with { Resources = ["a", "b"] },
        ];
        var ids = different.Select(s => GroupKey.Of(s, []).ToId()).Append(GroupKey.Of(Spec, ["d1"]).ToId()).Append(GroupKey.Of(Spec, []).ToId("night")).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal(GroupKey.Of(Spec, []), GroupKey.Of(Spec with { TestPath = "b.spec.ts", Priority = 2, Grep = "x", MaxAttempts = 3 }, []));
        Assert.Equal(GroupKey.Of(Spec, []).ToId(), GroupKey.Of(Spec, []).ToId("default"));
    }

    [Fact]
    public void A_stored_selector_that_does_not_read_any_more_is_met_by_no_device_and_stops_nobody()
    {
        var key = GroupKey.Of(Spec with { Device = "colour=red" }, []);
        Assert.Equal("colour=red", key.Needs);
        Assert.Equal("colour=red", Assert.Single(Eligibility.Missing(key, new DeviceOffer("d1", Target.Device, Platform.Android, "13", "Pixel 7", [], []))).Term);
    }
}
