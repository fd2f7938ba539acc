using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.Tests.AppWright;

public sealed class PlaywrightProjectTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_config_and_the_playwright_of_appwright_are_found()
    {
        Put("appwright.config.ts");
        Put("node_modules/appwright/package.json");
        Put("node_modules/@playwright/test/cli.js");
        var own = Put("node_modules/appwright/node_modules/@playwright/test/cli.js");
        var found = PlaywrightProject.Find(folder, null);
        Assert.Equal(Path.Combine(folder, "appwright.config.ts"), found.ConfigFile);
        Assert.Equal(own, found.Cli);
        Assert.False(found.IsModule);
    }

    [Fact]
    public void Linked_and_hoisted_packages_are_found_too()
    {
        Put("appwright.config.mjs");
        var cli = Put("store/appwright@0.1.1/node_modules/@playwright/test/cli.js");
        Put("store/appwright@0.1.1/node_modules/appwright/package.json");
        Directory.CreateDirectory(Path.Combine(folder, "node_modules"));
        Directory.CreateSymbolicLink(
            Path.Combine(folder, "node_modules", "appwright"), Path.Combine(folder, "store/appwright@0.1.1/node_modules/appwright"));
        var found = PlaywrightProject.Find(folder, null);
        Assert.Equal(cli, found.Cli);
        Assert.True(found.IsModule);
    }

    [Theory]
    [InlineData("""{"type":"module"}""", true)]
    [InlineData("""{"type":"commonjs"}""", false)]
    [InlineData("{}", false)]
    public void The_nearest_manifest_says_how_the_config_loads(string manifest, bool isModule)
    {
        Put("e2e/my.config.ts");
        Put("node_modules/appwright/package.json");
        Put("node_modules/playwright/cli.js");
        File.WriteAllText(Path.Combine(folder, "package.json"), manifest);
        Assert.Equal(isModule, PlaywrightProject.Find(folder, "e2e/my.config.ts").IsModule);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Assert.Contains("--config", Assert.Throws<ProjectErrorException>(() => PlaywrightProject.Find(folder, null)).Message, StringComparison.Ordinal);
        Put("appwright.config.ts");
        Assert.Contains("no appwright", Assert.Throws<ProjectErrorException>(() => PlaywrightProject.Find(folder, null)).Message, StringComparison.Ordinal);
        Put("node_modules/appwright/package.json");
        Assert.Contains("@playwright/test", Assert.Throws<ProjectErrorException>(() => PlaywrightProject.Find(folder, null)).Message, StringComparison.Ordinal);
    }

    private string Put(string path)
    {
        var file = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "{}");
        return file;
    }
}
