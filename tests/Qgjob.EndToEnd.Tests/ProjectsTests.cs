using System.Text.Json;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Projects as people have them, on one phone.</summary>
[Collection(TwoPhones.Name)]
public sealed class ProjectsTests(TwoPhones phones) : IDisposable
{
    private readonly ProjectsFolder project = new();

    private static readonly string[] SpecNames = ["tests/Begrüßung ü.spec.js", "tests/zustand.spec.ts", "tests/日本 [1]/liste (neu).spec.ts"];

    [Fact]
    public async Task What_would_be_submitted_is_listed_by_its_odd_names()
    {
        var ended = await QgjobAsync("submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--test", "tests/**/*.spec.*", "--list", "--json");
        Assert.True(ended.ExitCode == 0, ended.All);
        using var plan = JsonDocument.Parse(ended.Out);
        Assert.Equal(SpecNames, plan.RootElement.GetProperty("jobs").EnumerateArray().Select(j => j.GetProperty("test_path").GetString()).Order(StringComparer.Ordinal));
        Assert.Equal("plan", plan.RootElement.GetProperty("kind").GetString());
    }

    [Fact]
    public async Task Specs_in_js_and_ts_run_in_such_folders_on_the_project_that_fits_the_phone()
    {
        var results = await PassAsync("--test", SpecNames[0], "--test", SpecNames[2], "--grep", "öffnet die|heißt.*willkommen$");
        Assert.Equal(2, results.Passed);
        Assert.Equal([SpecNames[0], SpecNames[2]], results.Files);
    }

    [Fact]
    public async Task Of_two_projects_that_fit_one_must_be_named()
    {
        string[] submit = ["--test", SpecNames[2], "--config", "configs/zwei Geräte.config.js"];
        var undecided = await SubmitAsync(submit);
        Assert.True(undecided.ExitCode == 20, undecided.All);
        Assert.Contains("Several projects of the config fit (eins, zwei & drei); name one with --aw-project.", undecided.Out + undecided.Error, StringComparison.Ordinal);

        Assert.Equal(1, (await PassAsync([.. submit, "--aw-project", "zwei & drei", "--env", "PROJECT=zwei & drei"])).Passed);

        var unknown = await SubmitAsync([.. submit, "--aw-project", "drei"]);
        Assert.True(unknown.ExitCode == 20, unknown.All);
        Assert.Contains("The config has no project 'drei'. It has: eins, zwei & drei.", unknown.Out + unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_none_keeps_what_tests_leave_and_the_others_do_not()
    {
        await using var one = await phones.OnlyOneAsync();
        string[] state = ["--test", "tests/zustand.spec.ts", "--reset"];
        // Each test gets a new installation; the phone may have needed one before, too.
        Assert.InRange((await PassAsync([.. state, "reinstall", "--env", "FINDS=nothing"])).Installs, 2, 3);
        Assert.Equal(0, (await PassAsync([.. state, "clear", "--env", "FINDS=nothing"])).Installs);
        // Within a file, and from one job to the next.
        Assert.Equal(0, (await PassAsync([.. state, "none", "--env", "FINDS=the first's"])).Installs);
        Assert.Equal(0, (await PassAsync([.. state, "none", "--env", "FINDS=kept"])).Installs);
        // Whoever asks for a clean phone next gets one.
        Assert.Equal(0, (await PassAsync([.. state, "clear", "--env", "FINDS=nothing"])).Installs);
        Assert.Equal(2, (await PassAsync([.. state, "reinstall", "--env", "FINDS=nothing"])).Installs);
    }

    private sealed record Ran(int Passed, int Installs, IReadOnlyList<string> Files);

    private async Task<Ran> PassAsync(params string[] arguments)
    {
        var ended = await SubmitAsync([.. arguments, "--json"]);
        Assert.True(ended.ExitCode == 0, ended.All);
        using var answer = JsonDocument.Parse(ended.Out);
        int Number(string name) => answer.RootElement.GetProperty(name).GetInt32();
        Assert.Equal((0, 0, 0), (Number("failed"), Number("flaky"), Number("skipped")));
        var results = await phones.Lab.Client.FindRunResultsAsync(answer.RootElement.GetProperty("run_id").GetString()!, TestContext.Current.CancellationToken);
        return new Ran(Number("passed"), Number("installs"), [.. results!.Jobs.SelectMany(j => j.Tests).Select(t => t.File).Distinct().Order(StringComparer.Ordinal)]);
    }

    private Task<Ended> QgjobAsync(params IEnumerable<string> arguments) => phones.Lab.QgjobInAsync(project.Folder, arguments);

    private Task<Ended> SubmitAsync(IEnumerable<string> arguments) =>
        QgjobAsync(["submit", "--org-id", "acme", "--app-version-id", "todo-1.0", "--app", "builds/todo-1.0.apk", .. arguments, "--wait"]);

    public void Dispose() => project.Dispose();
}
