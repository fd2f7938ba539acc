using CsCheck;

namespace Qgjob.Core.Tests.Scheduling;

/// <summary>The whole point of grouping, in virtual time: store, view and rule together.</summary>
public sealed class FewInstallsTests
{
    [Theory]
    [InlineData(2, 6)]
    [InlineData(7, 40)]
    public async Task One_device_installs_every_app_version_once_however_jobs_are_interleaved(int versions, int jobs) =>
        Assert.Equal(versions, await InstallsAsync([.. Enumerable.Range(0, jobs).Select(i => i % versions)], devices: 1));

    [Fact]
    public Task One_device_needs_no_more_installs_than_app_versions_for_any_queue() =>
        Gen.Int[0, 5].Array[1, 30].SampleAsync(
            async order => Assert.Equal(order.Distinct().Count(), await InstallsAsync(order, devices: 1)), iter: 30);

    [Fact]
    public Task Several_devices_finish_everything_and_none_reinstalls_what_it_has() =>
        Gen.Select(Gen.Int[0, 3].Array[1, 25], Gen.Int[2, 4]).SampleAsync(
            async (order, devices) =>
                Assert.InRange(await InstallsAsync(order, devices), order.Distinct().Count(), order.Distinct().Count() * devices),
            iter: 30);

    /// <summary>Plays jobs of 30 s whose installs take 20 s until all are done.</summary>
    private static async Task<int> InstallsAsync(int[] versions, int devices)
    {
        await using var lab = new VirtualLab(VirtualLab.Phones(devices));
        await lab.OpenAsync();
        lab.Submit(versions.Select(v => new Work(0, "acme", $"v{v}", 30)));
        await lab.RunAsync();
        Assert.Equal(versions.Length, lab.Jobs.Count(j => j.End is not null));
        return lab.Installs;
    }
}
