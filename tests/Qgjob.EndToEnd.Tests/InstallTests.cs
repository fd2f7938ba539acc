using System.Globalization;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Installs are what the whole thing is about.</summary>
public sealed class InstallTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
    [Fact]
    public async Task Two_app_versions_and_six_files_interleaved_on_one_phone_cost_two_installs()
    {
        await using var lab = await Lab.StartAsync(phones: 1);
        // Nothing starts before all of it is queued: the order of submission is what must not matter.
        var phone = Assert.Single((await lab.Client.ListDevicesAsync(Cancel)).Items);
        await lab.Client.OrderDeviceAsync(phone.DeviceId, "pause", "until all jobs are there", Cancel);
        var files = Directory.GetFiles(Path.Combine(Checkout.Todo, "tests"), "*.spec.*").Select(Path.GetFileName).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(6, files.Count);
        foreach (var (file, index) in files.Select((f, i) => (f, i)))
        {
            var version = index % 2 == 0 ? "1.0" : "1.1";
            var submitted = await lab.QgjobAsync("submit", "--org-id", "acme", "--app-version-id", $"todo-{version}",
                "--app", $"builds/todo-{version}.apk", "--test", $"tests/{file}");
            Assert.True(submitted.ExitCode == 0, submitted.All);
        }
        await lab.Client.OrderDeviceAsync(phone.DeviceId, "resume", null, Cancel);

        await lab.UntilAsync(async () => (await lab.Client.ListRunsAsync("acme", 10, null, Cancel)).Items.All(r => r.FinishedAt is not null), "all runs are finished");
        var runs = (await lab.Client.ListRunsAsync("acme", 10, null, Cancel)).Items;
        Assert.Equal(6, runs.Count);
        Assert.All(runs, r => Assert.Equal("passed", r.Status));
        Assert.Equal(2, runs.Sum(r => r.Installs));
    }

    [Fact]
    public async Task Run_once_is_green_on_a_clean_folder_and_needs_no_install_the_second_time()
    {
        // With a space: people have such folders, and some of the programs behind us mind.
        var data = Directory.CreateTempSubdirectory("qgjob run ").FullName;
        try
        {
            var first = await RunOnceAsync(data);
            Assert.True(first.Passed == 14 && first.Failed == 0, first.All);
            Assert.InRange(first.Installs, 1, 2);
            var second = await RunOnceAsync(data);
            Assert.True(second.Passed == 14 && second.Failed == 0, second.All);
            // Two phones have the app; only one that had no share of the first run may still need it.
            Assert.True(first.Installs + second.Installs <= 2, second.All);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private sealed record Counts(int Passed, int Failed, int Installs, string All);

    private static async Task<Counts> RunOnceAsync(string data)
    {
        var ended = await Program.RunAsync(Checkout.Run, Checkout.Root, new Dictionary<string, string> { ["QGJOB_RUN_DATA"] = data }, Lab.Patience, "--once");
        Assert.True(ended.ExitCode == 0, ended.All);
        var line = System.Text.RegularExpressions.Regex.Match(ended.LastLine, @"^passed (\d+), failed (\d+), installs (\d+), seconds [\d.]+$");
        Assert.True(line.Success, ended.All);
        return new Counts(Number(1), Number(2), Number(3), ended.All);

        int Number(int group) => int.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture);
    }
}
