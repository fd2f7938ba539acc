using System.Text.Json;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>A project whose packages yarn 4 installs, with the real yarn, which the agent fetches by itself.</summary>
[Collection(TwoPhones.Name)]
public sealed class ProjectsYarnTests(TwoPhones phones)
{
    [Fact]
    public async Task A_project_with_a_lock_file_of_yarn_4_runs()
    {
        var lab = phones.Lab;
        var project = Directory.CreateTempSubdirectory("qgjob-yarn-");
        try
        {
            Copy(Checkout.Todo, project.FullName, "appwright.config.ts", "builds/todo-1.0.apk", "tests/onboarding.spec.js");
            Copy(Path.Combine(Checkout.Root, "tests", "fixtures", "yarn"), project.FullName, "package.json", "yarn.lock", ".yarnrc.yml");
            var ended = await lab.QgjobInAsync(project.FullName, "submit", "--org-id", "acme", "--app-version-id", "todo-1.0",
                "--app", "builds/todo-1.0.apk", "--test", "tests/onboarding.spec.js", "--wait", "--json");
            Assert.True(ended.ExitCode == 0, ended.All);
            using var answer = JsonDocument.Parse(ended.Out);
            Assert.Equal(2, answer.RootElement.GetProperty("passed").GetInt32());
            var job = Assert.Single(await lab.JobsAsync(answer.RootElement.GetProperty("run_id").GetString()!));
            var log = await lab.QgjobAsync("logs", job.JobId);
            Assert.Contains("Yarn 4.9.2", log.Out, StringComparison.Ordinal);
        }
        finally
        {
            project.Delete(recursive: true);
        }
    }

    private static void Copy(string from, string to, params string[] names)
    {
        foreach (var name in names)
        {
            var file = Path.Combine(to, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.Copy(Path.Combine(from, name), file);
        }
    }
}
