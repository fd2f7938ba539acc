using System.Text.Json;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>The newer AppWright, packed into the project: one phone for a whole file, and `pkill -f appium` after each test.</summary>
[Collection(TwoPhones.Name)]
public sealed class ProjectsPersistentTests(TwoPhones phones)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Persistent_and_ordinary_devices_pass_and_no_Appium_of_anybodys_is_ended()
    {
        var lab = phones.Lab;
        await using var one = await phones.OnlyOneAsync();
        // Somebody's Appium on the same host: whatever has the word in its command is in pkill's range.
        await using var foreign = Program.Start("node", Checkout.Root, lab.Environment, "-e", "setInterval(() => {}, 1000)", "appium");
        var project = Path.Combine(Checkout.Root, "tests", "fixtures", "persistent");
        var ended = await lab.QgjobInAsync(project, "submit", "--org-id", "acme", "--app-version-id", "todo-1.0",
            "--app", Path.Combine(Checkout.Todo, "builds", "todo-1.0.apk"), "--test", "tests/*.spec.ts", "--wait", "--json");
        Assert.True(ended.ExitCode == 0, ended.All);
        using var answer = JsonDocument.Parse(ended.Out);
        Assert.Equal(7, answer.RootElement.GetProperty("passed").GetInt32());
        Assert.Equal(0, answer.RootElement.GetProperty("flaky").GetInt32());
        Assert.InRange(answer.RootElement.GetProperty("installs").GetInt32(), 0, 1);

        var jobs = (await lab.JobsAsync(answer.RootElement.GetProperty("run_id").GetString()!)).ToDictionary(j => j.TestPath, j => j.JobId);
        // One session for the four tests of one file, one for each test of the other, none of them on a new Appium.
        Assert.Equal(1, await SessionsAsync(lab, jobs["tests/persistent.spec.ts"]));
        Assert.Equal(3, await SessionsAsync(lab, jobs["tests/ordinary.spec.ts"]));
        var log = await lab.QgjobAsync("logs", jobs["tests/ordinary.spec.ts"]);
        Assert.Equal(3, log.Out.Split("Appium server stopped successfully").Length - 1);
        using var still = System.Diagnostics.Process.GetProcessById(foreign.Id);
        Assert.False(still.HasExited, foreign.Output());
    }

    private static async Task<int> SessionsAsync(Lab lab, string job)
    {
        var log = await lab.QgjobAsync("logs", job);
        return log.Out.Split('\n').Count(l => l.Contains("qgjob: session reused", StringComparison.Ordinal) || l.Contains("qgjob: new session", StringComparison.Ordinal));
    }
}
