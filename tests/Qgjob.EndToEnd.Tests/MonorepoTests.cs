using System.Text.Json;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>A pnpm workspace, submitted from the folder of its tests, with the real pnpm.</summary>
[Collection(TwoPhones.Name)]
public sealed class MonorepoTests(TwoPhones phones)
{
    [Fact]
    public async Task A_pnpm_monorepo_runs_from_its_subfolder()
    {
        var ended = await phones.Lab.QgjobInAsync(Path.Combine(Checkout.Root, "examples", "monorepo", "packages", "e2e"),
            "submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--test", "tests/*.spec.ts", "--wait", "--json");
        Assert.True(ended.ExitCode == 0, ended.All);
        using var answer = JsonDocument.Parse(ended.Out);
        Assert.Equal(1, answer.RootElement.GetProperty("passed").GetInt32());
        Assert.Equal(0, answer.RootElement.GetProperty("failed").GetInt32());

        var run = answer.RootElement.GetProperty("run_id").GetString()!;
        var job = Assert.Single((await phones.Lab.Client.FindRunResultsAsync(run, TestContext.Current.CancellationToken))!.Jobs);
        // Paths are those of the project, not of the workspace.
        Assert.Equal("tests/list.spec.ts", job.TestPath);
        Assert.Equal("tests/list.spec.ts", Assert.Single(job.Tests).File);
    }
}
