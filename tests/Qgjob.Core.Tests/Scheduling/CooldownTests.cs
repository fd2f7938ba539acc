using Qgjob.Core.Devices;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Scheduling;

namespace Qgjob.Core.Tests.Scheduling;

public sealed class CooldownTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Three_different_jobs_in_a_row_send_the_device_to_rest()
    {
        var health = Fail(DeviceHealth.Good, "j1", "j2");
        Assert.Equal(["j1", "j2"], health.Failures);
        Assert.Null(health.CoolingUntil);
        health = Fail(health, "j3");
        Assert.Empty(health.Failures);
        Assert.Equal((1, Now + Cooldown.Shortest), (health.Cooldowns, health.CoolingUntil));
    }

    [Fact]
    public void The_same_job_counts_once() =>
        Assert.Single(Fail(DeviceHealth.Good, "j1", "j1", "j1", "j1").Failures);

    [Fact]
    public void Before_an_app_version_is_proven_its_jobs_count_as_one()
    {
        var version = new AppVersion { OrgId = "acme", Id = "v1", CreatedAt = Now };
        Assert.Equal(Cooldown.SubjectOf("j1", version), Cooldown.SubjectOf("j2", version));
        Assert.NotEqual(Cooldown.SubjectOf("j1", version), Cooldown.SubjectOf("j1", version with { Id = "v2" }));
        version = version with { Proven = true };
        Assert.NotEqual(Cooldown.SubjectOf("j1", version), Cooldown.SubjectOf("j2", version));
    }

    [Fact]
    public void Rests_double_up_to_an_hour_whatever_comes_after()
    {
        var health = DeviceHealth.Good;
        var before = TimeSpan.Zero;
        for (var i = 0; i < 100; i++)
        {
            health = Fail(health, "j1", "j2", "j3");
            var rest = health.CoolingUntil!.Value - Now;
            Assert.Equal(i == 0 ? Cooldown.Shortest : before * 2 < Cooldown.Longest ? before * 2 : Cooldown.Longest, rest);
            before = rest;
        }
        Assert.Equal(Cooldown.Longest, before);
    }

    [Fact]
    public void Every_outcome_resets_counts_or_says_nothing()
    {
        var health = Fail(DeviceHealth.Good, "j1", "j2", "j3", "j4");
        foreach (var outcome in Enum.GetValues<AttemptOutcome>())
        {
            var after = Cooldown.After(health, outcome, "j5", failedElsewhere: 0, Now);
            if (JobLifecycle.IsTestVerdict(outcome)) Assert.Same(DeviceHealth.Good, after);
            else if (outcome is AttemptOutcome.Infra or AttemptOutcome.InstallLimit) Assert.Equal(["j4", "j5"], after.Failures);
            else Assert.Same(health, after);
        }
    }

    [Fact]
    public void A_job_that_failed_on_two_devices_before_says_nothing_against_the_next()
    {
        Assert.Single(Cooldown.After(DeviceHealth.Good, AttemptOutcome.Infra, "j1", failedElsewhere: 1, Now).Failures);
        Assert.Empty(Cooldown.After(DeviceHealth.Good, AttemptOutcome.Infra, "j1", failedElsewhere: 2, Now).Failures);
    }

    private static DeviceHealth Fail(DeviceHealth health, params string[] jobs) =>
        jobs.Aggregate(health, (h, job) => Cooldown.After(h, AttemptOutcome.Infra, job, failedElsewhere: 0, Now));
}
