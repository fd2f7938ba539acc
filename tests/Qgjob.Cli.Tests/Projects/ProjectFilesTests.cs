using System.Diagnostics;
using Qgjob.Client.Projects;

namespace Qgjob.Cli.Tests.Projects;

public sealed class ProjectFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string[] List(params string[] includes) => [.. ProjectFiles.List(folder.Path, includes).Select(f => f.Path)];

    [Fact]
    public void Leaves_out_what_is_ignored_and_what_never_belongs_in()
    {
        folder.With(".gitignore", "*.log\nsecret/\n!keep.log\n").With("appwright.config.ts").With("a.log").With("keep.log").With("secret/x")
            .With("node_modules/m/index.js").With("tests/node_modules/m.js").With(".git/HEAD").With("test-results/r").With("playwright-report/r")
            .With("tests/a.spec.ts").With("tests/.gitignore", "/local\n!b.log\n").With("tests/local").With("tests/deep/local").With("tests/b.log");
        Assert.Equal([".gitignore", "appwright.config.ts", "keep.log", "tests/.gitignore", "tests/a.spec.ts", "tests/b.log", "tests/deep/local"], List());
    }

    [Fact]
    public void What_is_in_an_ignored_folder_cannot_be_kept_by_a_rule()
    {
        folder.With(".gitignore", "out/\n!out/keep\n").With("out/keep").With("out/.gitignore", "!keep\n");
        Assert.Equal([".gitignore"], List());
    }

    [Fact]
    public void Include_adds_ignored_files_but_never_node_modules()
    {
        folder.With(".gitignore", "builds/\n*.env\nnode_modules\n").With("builds/a.apk").With("builds/b.txt").With("x.env").With("node_modules/a.apk");
        Assert.Equal([".gitignore", "builds/a.apk"], List("**/*.apk"));
        Assert.Equal([".gitignore", "builds/a.apk", "builds/b.txt"], List("builds"));
        Assert.Equal([".gitignore", "x.env"], List("*.env"));
    }

    [Fact]
    public void Rules_above_the_project_count_up_to_the_repository()
    {
        folder.With(".gitignore", "everything-above\n*.ts\n").With("repo/.git/HEAD").With("repo/.gitignore", "*.tmp\n/apps/shop/only-here\n")
            .With("repo/apps/shop/a.ts").With("repo/apps/shop/a.tmp").With("repo/apps/shop/only-here").With("repo/apps/shop/deep/only-here");
        Assert.Equal(["a.ts", "deep/only-here"], ProjectFiles.List(folder["repo/apps/shop"], []).Select(f => f.Path));
        Directory.Delete(folder["repo/.git"], true);
        Assert.Contains("a.tmp", ProjectFiles.List(folder["repo/apps/shop"], []).Select(f => f.Path));
    }

    [Fact]
    public void Links_inside_stay_links_and_links_outside_are_refused()
    {
        folder.With("real/a.ts", "x").With(".gitignore", "ignored-link\n");
        File.CreateSymbolicLink(folder["link.ts"], folder["real/a.ts"]);
        Directory.CreateSymbolicLink(folder["real/up"], "..");
        File.CreateSymbolicLink(folder["ignored-link"], "/etc/passwd");
        var files = ProjectFiles.List(folder.Path, []);
        Assert.Equal([".gitignore", "link.ts", "real/a.ts", "real/up"], files.Select(f => f.Path));
        Assert.Equal("real/a.ts", files[1].LinkTarget);
        Assert.Equal("..", files[3].LinkTarget);
        File.CreateSymbolicLink(folder["bad"], "../outside");
        var refused = Assert.Throws<BundleException>(() => ProjectFiles.List(folder.Path, []));
        Assert.Contains("bad", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Finds_the_nearest_project_upward()
    {
        folder.With("appwright.config.mts").With("inner/appwright.config.js").With("inner/deep/x").With("other/x");
        Assert.Equal(folder["inner"], ProjectFolder.Find(folder["inner/deep"]));
        Assert.Equal(folder.Path, ProjectFolder.Find(folder["other"]));
    }

    [Fact]
    public void Agrees_with_git_on_many_rules()
    {
        string[] rules = ["*.log", "!keep.log", "/top", "sub/", "a/**/z", "**/deep.txt", "[ab].md", "x?y", "foo/*", "!foo/bar", "trailing  ", "*.d/", "mid/dle", "\\#hash"];
        string[] paths = ["a.log", "keep.log", "top", "d/top", "d/sub/f", "sub", "a/z", "a/b/z", "a/b/c/z/q", "d/e/deep.txt", "a.md", "c.md", "xzy", "xzzy", "foo/one", "foo/bar", "foo/baz/q", "trailing", "k.d/f", "h/k.d", "mid/dle", "q/mid/dle", "#hash", "plain"];
        folder.With(".gitignore", string.Join('\n', rules));
        foreach (var path in paths.Where(p => !paths.Any(q => q.StartsWith(p + "/", StringComparison.Ordinal)))) folder.With(path);
        if (Git("init", "-q") is null) Assert.Skip("git is not installed");
        var expected = Git("ls-files", "--others", "--exclude-standard", "-z")!.Split('\0', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);
        Assert.Equal(expected, List());
    }

    private string? Git(params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments) { WorkingDirectory = folder.Path, RedirectStandardOutput = true };
        // A person's own ignore rules are not part of the comparison.
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        try
        {
            using var git = Process.Start(start)!;
            var output = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            return git.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
