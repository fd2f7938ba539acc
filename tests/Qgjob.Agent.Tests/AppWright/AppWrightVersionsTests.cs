using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.Tests.AppWright;

public sealed class AppWrightVersionsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-versions-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("1.49.1")]
    [InlineData("1.59.1")]
    [InlineData("next")]
    public void Nothing_is_said_against_versions_that_may_work(string playwright) => Assert.Null(AppWrightVersions.Check(Project(playwright, "package-lock.json")));

    [Theory]
    [InlineData("package-lock.json", "\"overrides\": { \"@playwright/test\": \"$@playwright/test\" }", "npm install")]
    [InlineData("pnpm-lock.yaml", "\"pnpm\": { \"overrides\": { \"@playwright/test\": \"1.49.1\" } }", "pnpm install")]
    [InlineData("yarn.lock", "\"resolutions\": { \"@playwright/test\": \"1.49.1\" }", "yarn install")]
    public void Too_new_a_Playwright_is_an_error_that_says_what_to_pin_and_how(string lockFile, string pin, string command)
    {
        var said = AppWrightVersions.Check(Project("1.65.1", lockFile));
        Assert.Contains("AppWright 0.1.1 does not work with @playwright/test 1.65.1", said, StringComparison.Ordinal);
        Assert.Contains("\"dependencies\": { \"@playwright/test\": \"1.49.1\" }", said, StringComparison.Ordinal);
        Assert.Contains(pin, said, StringComparison.Ordinal);
        Assert.Contains($"`{command}`", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failures_text_gives_the_cause_away()
    {
        var project = Project("1.49.1", "package-lock.json");
        Assert.Null(AppWrightVersions.Explain(project, [null, "expected 1, received 2"]));
        Assert.Contains("refuses AppWright's fixture",
            AppWrightVersions.Explain(project, [null, "Error: Fixture \"device\" cannot be overridden in the configuration \"use\" section"]), StringComparison.Ordinal);
        Assert.Contains("two copies", AppWrightVersions.Explain(project, ["Error: Requiring @playwright/test second time, \nFirst:"]), StringComparison.Ordinal);
    }

    private PlaywrightProject Project(string playwright, string lockFile)
    {
        Put("appwright.config.ts", "");
        Put(lockFile, "");
        Put("node_modules/appwright/package.json", """{"version":"0.1.1"}""");
        Put("node_modules/@playwright/test/package.json", $$"""{"version":"{{playwright}}"}""");
        Put("node_modules/@playwright/test/cli.js", "");
        return PlaywrightProject.Find(folder, null);
    }

    private void Put(string name, string content)
    {
        var file = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }
}
