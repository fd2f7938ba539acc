using Qgjob.Agent.AppWright;
using Qgjob.Agent.Workspaces;

namespace Qgjob.Agent.Tests.Workspaces;

public sealed class PackageManagerTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-managers-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("package-lock.json", "{}", "Npm", null)]
    [InlineData("npm-shrinkwrap.json", "{}", "Npm", null)]
    [InlineData("pnpm-lock.yaml", "lockfileVersion: '9.0'\n", "Pnpm", "10.")]
    [InlineData("pnpm-lock.yaml", "lockfileVersion: '6.0'\n", "Pnpm", "8.")]
    [InlineData("pnpm-lock.yaml", "lockfileVersion: 5.4\n", "Pnpm", "7.")]
    [InlineData("pnpm-lock.yaml", "packages: {}\n", "Pnpm", "10.")]
    [InlineData("yarn.lock", "# yarn lockfile v1\n", "Yarn", "1.")]
    [InlineData("yarn.lock", "# x\n\n__metadata:\n  version: 8\n", "Berry", "4.9.")]
    [InlineData("yarn.lock", "# x\r\n\r\n__metadata:\r\n  version: 4\r\n", "Berry", "3.0.")]
    [InlineData("yarn.lock", "# x\n\n__metadata:\n  version: 5\n", "Berry", "3.1.")]
    [InlineData("yarn.lock", "# x\n\n__metadata:\n  version: 6\n", "Berry", "3.8.")]
    [InlineData("yarn.lock", "# x\n\n__metadata:\n  version: 9\n", "Berry", "4.14.")]
    [InlineData("yarn.lock", "# x\n\n__metadata:\n  version: 10\n  cacheKey: 10c0\n", "Berry", "4.18.")]
    public void The_lock_file_tells_the_package_manager(string lockFile, string content, string kind, string? version)
    {
        Put("package.json", "{}");
        Put(lockFile, content);
        var found = PackageManager.Detect(folder);
        Assert.Equal(kind, found.Kind.ToString());
        Assert.Equal(lockFile, found.LockFile);
        if (version is null) Assert.Null(found.Version);
        else Assert.StartsWith(version, found.Version, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pnpm@9.15.9+sha512.abc", "Pnpm", "9.15.9")]
    [InlineData("yarn@1.22.19", "Yarn", "1.22.19")]
    [InlineData("yarn@4.1.0-rc.1", "Berry", "4.1.0-rc.1")]
    [InlineData("npm@10.0.0", "Npm", null)]
    public void What_package_json_names_wins(string named, string kind, string? version)
    {
        Put("package.json", $$"""{"packageManager":"{{named}}"}""");
        Put("package-lock.json", "{}");
        var found = PackageManager.Detect(folder);
        Assert.Equal(kind, found.Kind.ToString());
        Assert.Equal(version, found.Version);
    }

    [Theory]
    [InlineData("bun@1.0.0")]
    [InlineData("pnpm@latest")]
    [InlineData("pnpm@1.0.0;rm -rf .")]
    public void Others_are_refused(string named)
    {
        Put("package.json", $$"""{"packageManager":"{{named}}"}""");
        Assert.Contains(named, Assert.Throws<ProjectErrorException>(() => PackageManager.Detect(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Packages_are_shared_only_when_manifests_lock_patches_and_platform_agree()
    {
        Put("package.json", """{"scripts":{"postinstall":"patch-package"}}""");
        Put("package-lock.json", "{}");
        Put("patches/a.patch", "1");
        var plan = InstallPlan.Read(folder, "node 20")!;
        Assert.True(plan.IsSharable);
        Assert.Equal(["package-lock.json", "package.json", "patches/a.patch"], plan.Inputs);
        Put("a.spec.ts", "code counts for nothing");
        Assert.Equal(plan.Key, InstallPlan.Read(folder, "node 20")!.Key);
        Assert.NotEqual(plan.Key, InstallPlan.Read(folder, "node 22")!.Key);
        Put("patches/a.patch", "2");
        Assert.NotEqual(plan.Key, InstallPlan.Read(folder, "node 20")!.Key);
    }

    [Theory]
    [InlineData("""{"scripts":{"prepare":"tsc"}}""")]
    [InlineData("""{"dependencies":{"a":"file:../a"}}""")]
    [InlineData("""{"dependenciesMeta":{"a":{"injected":true}}}""")]
    public void Projects_whose_packages_need_more_than_that_share_with_nobody(string manifest)
    {
        Put("package.json", manifest);
        Assert.False(InstallPlan.Read(folder, "node 20")!.IsSharable);
    }

    [Theory]
    [InlineData("file:vendor/a-1.0.0.tgz")]
    [InlineData("./vendor/a-1.0.0.tgz")]
    public void A_packed_package_of_the_project_is_shared_with_those_that_have_the_same_bytes(string version)
    {
        Put("package.json", $$"""{ "dependencies": { "a": "{{version}}" } }""");
        Put("package-lock.json", "{}");
        // Without the file it is npm's part to say what is wrong.
        Assert.False(InstallPlan.Read(folder, "node 20")!.IsSharable);
        Put("vendor/a-1.0.0.tgz", "1");
        var plan = InstallPlan.Read(folder, "node 20")!;
        Assert.True(plan.IsSharable);
        Assert.Equal(["package-lock.json", "package.json", "vendor/a-1.0.0.tgz"], plan.Inputs);
        Put("vendor/a-1.0.0.tgz", "2");
        Assert.NotEqual(plan.Key, InstallPlan.Read(folder, "node 20")!.Key);
    }

    [Theory]
    [InlineData("npm error code ETARGET\nnpm error notarget No matching version found for appwright@0.1.46.")]
    [InlineData(" ERR_PNPM_NO_MATCHING_VERSION  No matching version found for appwright@0.1.46 while fetching it from x")]
    [InlineData("error Couldn't find any versions for \"appwright\" that matches \"0.1.46\"")]
    [InlineData("\u27a4 YN0082: \u2502 appwright@npm:0.1.46: No candidates found")]
    [InlineData("npm error 404 Not Found - GET https://example.test/appwright/-/appwright-0.1.46.tgz - Not found")]
    public void An_appwright_that_the_registry_lacks_is_answered_with_what_to_pin(string output)
    {
        var mend = MissingAppWright.Explain(output);
        Assert.Contains("no appwright 0.1.46.", mend, StringComparison.Ordinal);
        Assert.Contains("\"appwright\": \"0.1.1\"", mend, StringComparison.Ordinal);
        Assert.Contains("file:vendor/appwright-0.1.46.tgz", mend, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("npm error notarget No matching version found for left-pad@99.0.0.")]
    [InlineData("npm error 404 Not Found - GET https://example.test/left-pad/-/left-pad-99.tgz")]
    public void Other_packages_that_the_registry_lacks_say_so_themselves(string output) => Assert.Null(MissingAppWright.Explain(output));

    private void Put(string name, string content)
    {
        var file = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }
}
