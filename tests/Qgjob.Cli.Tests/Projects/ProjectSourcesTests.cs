using Qgjob.Client.Projects;

namespace Qgjob.Cli.Tests.Projects;

public sealed class ProjectSourcesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string[] Paths(string project, params string[] includes) => [.. ProjectSources.Read(folder[project], includes).Files.Select(f => f.Path)];

    /// <summary>A repository with a pnpm workspace: e2e needs shared, shared needs deep, and nobody needs app.</summary>
    private TemporaryFolder Monorepo(string at = "repo") => folder
        .With($"{at}/.git/HEAD").With($"{at}/.gitignore", "builds/\n").With($"{at}/package.json", """{"name":"root","private":true}""")
        .With($"{at}/pnpm-workspace.yaml", "packages:\n  - 'packages/*' # all of them\n  - \"!packages/old\"\nonlyBuiltDependencies:\n  - x\n")
        .With($"{at}/pnpm-lock.yaml", "lockfileVersion: '9.0'\n").With($"{at}/tsconfig.base.json", "{}").With($"{at}/unrelated.txt").With($"{at}/patches/a.patch")
        .With($"{at}/packages/e2e/package.json", """{"name":"e2e","dependencies":{"@a/shared":"workspace:*"}}""")
        .With($"{at}/packages/e2e/tsconfig.json", "{ /* of all */ \"extends\": [\"../../tsconfig.base\", \"some-package/x\"], }")
        .With($"{at}/packages/e2e/appwright.config.ts").With($"{at}/packages/e2e/tests/a.spec.ts").With($"{at}/packages/e2e/builds/a.apk")
        .With($"{at}/packages/shared/package.json", """{"name":"@a/shared","scripts":{"build":"x"},"devDependencies":{"deep":"^1.0.0"}}""").With($"{at}/packages/shared/index.ts")
        .With($"{at}/packages/deep/package.json", """{"name":"deep"}""").With($"{at}/packages/deep/index.ts").With($"{at}/packages/deep/node_modules/m/index.js")
        .With($"{at}/packages/app/package.json", """{"name":"app","scripts":{"postinstall":"exit 1"}}""").With($"{at}/packages/app/huge.bin")
        .With($"{at}/packages/old/package.json", """{"name":"old"}""");

    [Fact]
    public void Of_a_workspace_only_what_the_project_needs_is_packed()
    {
        Monorepo();
        var sources = ProjectSources.Read(folder["repo/packages/e2e"], []);
        Assert.Equal(
            [
                ".qgjob/bundle.json", "package.json", "packages/app/package.json", "packages/deep/index.ts", "packages/deep/package.json",
                "packages/e2e/appwright.config.ts", "packages/e2e/package.json", "packages/e2e/tests/a.spec.ts", "packages/e2e/tsconfig.json",
                "packages/shared/index.ts", "packages/shared/package.json", "patches/a.patch", "pnpm-lock.yaml", "pnpm-workspace.yaml", "tsconfig.base.json",
            ],
            sources.Files.Select(f => f.Path));
        Assert.Equal(new BundleLayout("packages/e2e", ""), sources.Layout);
        Assert.Equal(["appwright.config.ts", "package.json", "tests/a.spec.ts", "tsconfig.json"], sources.OfProject.Select(f => f.Path));
        // The package whose files stay at home keeps none of its scripts; one that comes along keeps them.
        Assert.Equal("""{"name":"app"}""", System.Text.Encoding.UTF8.GetString(sources.Files.Single(f => f.Path == "packages/app/package.json").Content!.Value.Span));
        Assert.Null(sources.Files.Single(f => f.Path == "packages/shared/package.json").Content);
    }

    [Fact]
    public async Task The_same_workspace_has_the_same_hash_anywhere_and_unpacks_with_its_layout()
    {
        Monorepo("one");
        Monorepo("other place/ö");
        var cancel = TestContext.Current.CancellationToken;
        var one = await Bundle.PackAsync(ProjectSources.Read(folder["one/packages/e2e"], []).Files, folder["one.tar"], 1 << 20, cancel);
        var two = await Bundle.PackAsync(ProjectSources.Read(folder["other place/ö/packages/e2e"], []).Files, folder["two.tar"], 1 << 20, cancel);
        Assert.Equal(one.Sha256, two.Sha256);
        await using var tar = File.OpenRead(one.File);
        await Bundle.UnpackAsync(tar, folder["out"], new BundleLimits(), cancel);
        Assert.Equal(new BundleLayout("packages/e2e", ""), BundleLayout.Read(folder["out"]));
        // Where the project is, is part of the hash.
        Directory.Move(folder["one/packages/e2e"], folder["one/packages/tests"]);
        var moved = await Bundle.PackAsync(ProjectSources.Read(folder["one/packages/tests"], []).Files, folder["moved.tar"], 1 << 20, cancel);
        Assert.NotEqual(one.Sha256, moved.Sha256);
    }

    [Fact]
    public void Npm_and_yarn_workspaces_are_found_too_and_strangers_below_are_not_part_of_them()
    {
        folder.With("repo/package.json", """{"workspaces":{"packages":["apps/**"]}}""").With("repo/yarn.lock")
            .With("repo/apps/shop/e2e/package.json", "{}").With("repo/apps/shop/e2e/a.spec.ts").With("repo/outside/package.json", "{}").With("repo/outside/b.spec.ts");
        Assert.Equal([".qgjob/bundle.json", "apps/shop/e2e/a.spec.ts", "apps/shop/e2e/package.json", "package.json", "yarn.lock"], Paths("repo/apps/shop/e2e"));
        Assert.Equal(["b.spec.ts", "package.json"], Paths("repo/outside"));
    }

    [Fact]
    public void A_project_below_its_package_brings_the_package()
    {
        folder.With(".git/HEAD").With("app/package.json", "{}").With("app/package-lock.json", "{}").With("app/src/ids.ts").With("app/e2e/appwright.config.ts").With("app/e2e/a.spec.ts");
        var sources = ProjectSources.Read(folder["app/e2e"], []);
        Assert.Equal(new BundleLayout("e2e", ""), sources.Layout);
        Assert.Equal([".qgjob/bundle.json", "e2e/a.spec.ts", "e2e/appwright.config.ts", "package-lock.json", "package.json", "src/ids.ts"], sources.Files.Select(f => f.Path));
    }

    [Fact]
    public void Packages_named_by_their_path_come_along()
    {
        folder.With(".git/HEAD").With("tests/e2e/package.json", """{"dependencies":{"lib":"file:../lib","packed":"file:../vendor/p.tgz"}}""").With("tests/e2e/a.spec.ts")
            .With("tests/lib/package.json", """{"name":"lib"}""").With("tests/lib/index.js").With("tests/vendor/p.tgz").With("tests/vendor/q.tgz");
        var sources = ProjectSources.Read(folder["tests/e2e"], []);
        Assert.Equal(new BundleLayout("e2e", "e2e"), sources.Layout);
        Assert.Equal([".qgjob/bundle.json", "e2e/a.spec.ts", "e2e/package.json", "lib/index.js", "lib/package.json", "vendor/p.tgz"], sources.Files.Select(f => f.Path));
    }

    [Fact]
    public void What_lies_outside_the_repository_is_refused()
    {
        folder.With("repo/.git/HEAD").With("repo/package.json", """{"dependencies":{"lib":"file:../lib"}}""").With("lib/package.json", "{}");
        Assert.Contains("outside the repository", Assert.Throws<BundleException>(() => Paths("repo")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ignored_files_are_added_by_option_and_by_file_from_project_and_root()
    {
        Monorepo().With("repo/assets [1]/pic.png").With("repo/.qgjobinclude", "# for all\nassets [[]1]\n").With("repo/packages/e2e/.env").With("repo/packages/e2e/.gitignore", ".env\n");
        var plain = Paths("repo/packages/e2e");
        Assert.Contains("assets [1]/pic.png", plain);
        Assert.DoesNotContain("packages/e2e/.env", plain);
        Assert.Equal([.. plain.Append("packages/e2e/.env").Append("packages/e2e/builds/a.apk").Order(StringComparer.Ordinal)], Paths("repo/packages/e2e", ".env", "**/*.apk"));
        Assert.Contains("unrelated.txt", Paths("repo/packages/e2e", "../../unrelated.txt"));
        folder.With("repo/packages/e2e/.qgjobinclude", ".env\r\n");
        Assert.Contains("packages/e2e/.env", Paths("repo/packages/e2e"));
        Assert.Throws<BundleException>(() => Paths("repo/packages/e2e", "a/../../b"));
    }

    [Fact]
    public void Registry_credentials_stay_at_home_and_the_submitter_is_told()
    {
        folder.With("package.json", "{}")
            .With(".npmrc", "save-exact=true\n//r.example/:_authToken=secret1\n_password = secret2\n@a:registry=https://r.example/\n; comment\nkeyring=no\n")
            .With(".yarnrc.yml", "nodeLinker: node-modules\nnpmScopes:\n  a:\n    npmAuthToken: \"secret3\"\n");
        var sources = ProjectSources.Read(folder.Path, []);
        string Text(string path) => System.Text.Encoding.UTF8.GetString(sources.Files.Single(f => f.Path == path).Content!.Value.Span);
        Assert.Equal("save-exact=true\n@a:registry=https://r.example/\n; comment\nkeyring=no\n", Text(".npmrc"));
        Assert.Equal("nodeLinker: node-modules\nnpmScopes:\n  a:\n", Text(".yarnrc.yml"));
        Assert.Equal(2, sources.Warnings.Count);
        Assert.Contains(".npmrc: 2 lines", sources.Warnings[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"project":"../x","install":""}""")]
    [InlineData("""{"project":"missing","install":""}""")]
    [InlineData("""{"project":"","install":"/etc"}""")]
    [InlineData("""{"project":null,"install":""}""")]
    [InlineData("not json")]
    public void A_layout_that_leaves_the_bundle_is_refused(string layout)
    {
        folder.With(".qgjob/bundle.json", layout);
        Assert.Throws<BundleException>(() => BundleLayout.Read(folder.Path));
    }
}
