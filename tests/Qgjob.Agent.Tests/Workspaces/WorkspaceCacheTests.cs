using System.Net;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Workspaces;
using Qgjob.Client.Projects;

namespace Qgjob.Agent.Tests.Workspaces;

/// <summary>With the real npm, and projects that need nothing from any registry.</summary>
public sealed class WorkspaceCacheTests : IDisposable
{
    private const string Lock = """{"name":"t","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"t","version":"1.0.0"}}}""";
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-workspace-").FullName;
    private readonly List<string> said = [];
    private int downloads;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Two_attempts_at_once_unpack_and_install_once_and_share_the_packages()
    {
        var (sha256, file) = await PackAsync("""{"name":"t","version":"1.0.0"}""", Lock);
        var cache = New();
        var both = await Task.WhenAll(PrepareAsync(cache, sha256, file), PrepareAsync(cache, sha256, file));
        Assert.Equal(1, downloads);
        Assert.Equal(both[0].Folder, both[1].Folder);
        Assert.Single(said, s => s == "npm ci (first time for this lock file)");
        Assert.NotNull(new DirectoryInfo(Path.Combine(both[0].Folder, "node_modules")).LinkTarget);

        // Another bundle with the same lock file needs no npm.
        var (other, otherFile) = await PackAsync("""{"name":"t","version":"1.0.0"}""", Lock, "// changed");
        using var third = await PrepareAsync(New(), other, otherFile);
        Assert.Equal(2, downloads);
        Assert.Single(said, s => s == "npm ci (first time for this lock file)");
        foreach (var workspace in both) workspace.Dispose();
    }

    [Fact]
    public async Task A_project_with_scripts_of_its_own_is_installed_in_its_workspace()
    {
        var (sha256, file) = await PackAsync("""{"name":"t","version":"1.0.0","scripts":{"postinstall":"node -e \"require('fs').writeFileSync('made','')\""}}""", Lock);
        using var workspace = await PrepareAsync(New(), sha256, file);
        Assert.True(File.Exists(Path.Combine(workspace.Folder, "made")));
    }

    [Fact]
    public async Task A_lock_file_that_does_not_fit_is_the_projects_fault_and_npm_says_why()
    {
        var (sha256, file) = await PackAsync("""{"name":"t","version":"1.0.0","dependencies":{"left":"file:./missing"}}""", Lock);
        var e = await Assert.ThrowsAsync<ProjectErrorException>(() => PrepareAsync(New(), sha256, file));
        Assert.Contains("npm ci failed", e.Message, StringComparison.Ordinal);
        Assert.Contains("npm error", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_json_is_the_projects_fault()
    {
        var (sha256, file) = await PackAsync("{", Lock);
        var e = await Assert.ThrowsAsync<ProjectErrorException>(() => PrepareAsync(New(), sha256, file));
        Assert.Contains("not valid JSON", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workspace_is_installed_once_and_each_bundle_sees_its_own_packages()
    {
        var cache = New();
        foreach (var code in (string[])["one", "two"])
        {
            var (sha256, file) = await PackWorkspaceAsync(code);
            using var workspace = await PrepareAsync(cache, sha256, file);
            Assert.EndsWith("/packages/e2e", workspace.Folder, StringComparison.Ordinal);
            // Found as node finds it: upward, through the link to the sibling in this very bundle.
            Assert.Equal(code, await File.ReadAllTextAsync(Path.Combine(workspace.Folder, "../../node_modules/shared/index.js"), TestContext.Current.CancellationToken));
        }
        Assert.Single(said, s => s.StartsWith("npm ", StringComparison.Ordinal));
    }

    private async Task<(string Sha256, string File)> PackWorkspaceAsync(string code)
    {
        var root = Directory.CreateTempSubdirectory("qgjob-project-").FullName;
        async Task Put(string name, string content)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, name))!);
            await File.WriteAllTextAsync(Path.Combine(root, name), content, TestContext.Current.CancellationToken);
        }
        await Put("package.json", """{"name":"root","workspaces":["packages/*"]}""");
        await Put("packages/e2e/package.json", """{"name":"e2e","version":"1.0.0","dependencies":{"shared":"1.0.0"}}""");
        await Put("packages/shared/package.json", """{"name":"shared","version":"1.0.0"}""");
        await Put("packages/shared/index.js", code);
        await Put("packages/other/package.json", """{"name":"other","version":"1.0.0","scripts":{"postinstall":"exit 1"}}""");
        var packed = await Bundle.PackAsync(ProjectSources.Read(Path.Combine(root, "packages/e2e"), []).Files, Path.Combine(folder, Path.GetFileName(root)), 1 << 20, TestContext.Current.CancellationToken);
        Directory.Delete(root, recursive: true);
        return (packed.Sha256, packed.File);
    }

    private WorkspaceCache New() => new(
        Path.Combine(folder, "workspaces"), Path.Combine(folder, "modules"), 1 << 30, TimeProvider.System, new Random(1), TestContext.Current.CancellationToken);

    private async Task<Workspace> PrepareAsync(WorkspaceCache cache, string sha256, string file) => await cache.PrepareAsync(
        sha256, _ =>
        {
            Interlocked.Increment(ref downloads);
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(File.OpenRead(file)) });
        },
        new PrepareLog(line => { lock (said) said.Add(line); }, _ => { }), TestContext.Current.CancellationToken);

    private async Task<(string Sha256, string File)> PackAsync(string manifest, string locked, string code = "")
    {
        var project = Directory.CreateTempSubdirectory("qgjob-project-").FullName;
        await File.WriteAllTextAsync(Path.Combine(project, "package.json"), manifest, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(project, "package-lock.json"), locked, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(project, "a.spec.js"), code, TestContext.Current.CancellationToken);
        var packed = await Bundle.PackAsync(ProjectFiles.List(project, []), Path.Combine(folder, Path.GetFileName(project)), 1 << 20, TestContext.Current.CancellationToken);
        Directory.Delete(project, recursive: true);
        return (packed.Sha256, packed.File);
    }
}
