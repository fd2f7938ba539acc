using Qgjob.Cli.Submission;
using Qgjob.Client.Projects;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Tests.Submission;

public sealed class TestFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new TemporaryFolder()
        .With("appwright.config.ts").With("tests/login.spec.ts").With("tests/logout.spec.ts").With("tests/deep/a.test.js").With("tests/page.ts")
        .With("support/help.ts").With("tests/odd[1].spec.ts").With(".gitignore", "tests/secret.spec.ts\n").With("tests/secret.spec.ts");

    public void Dispose() => folder.Dispose();

    private IReadOnlyList<string> Resolve(string from, params string[] given) =>
        TestFiles.InProject(given, Path.GetFullPath(from, folder.Path), folder.Path, ProjectFiles.List(folder.Path, []));

    [Fact]
    public void Names_are_looked_for_here_and_then_in_the_project()
    {
        Assert.Equal(["tests/login.spec.ts"], Resolve(".", "tests/login.spec.ts"));
        Assert.Equal(["tests/login.spec.ts"], Resolve("tests", "login.spec.ts"));
        Assert.Equal(["tests/login.spec.ts"], Resolve("tests", "tests/login.spec.ts"));
        Assert.Equal(["tests/login.spec.ts"], Resolve("tests/deep", "../login.spec.ts"));
        Assert.Equal(["tests/login.spec.ts"], Resolve("support", folder["tests/login.spec.ts"]));
        Assert.Equal(["tests/odd[1].spec.ts"], Resolve(".", "tests/odd[1].spec.ts"));
    }

    [Fact]
    public void Patterns_and_folders_mean_the_specs_in_them()
    {
        Assert.Equal(["tests/login.spec.ts", "tests/logout.spec.ts"], Resolve(".", "tests/lo*"));
        Assert.Equal(["tests/deep/a.test.js", "tests/login.spec.ts", "tests/logout.spec.ts", "tests/odd[1].spec.ts"], Resolve(".", "tests/**"));
        Assert.Equal(Resolve(".", "tests/**"), Resolve(".", "tests"));
        Assert.Equal(Resolve(".", "tests/**"), Resolve("tests", "."));
        Assert.Equal(["tests/deep/a.test.js"], Resolve("tests", "*/*.js"));
        Assert.Equal(["tests/page.ts"], Resolve(".", "tests/p*.ts"));
    }

    [Fact]
    public void Nothing_comes_twice_and_the_order_stays() =>
        Assert.Equal(["tests/logout.spec.ts", "tests/login.spec.ts"], Resolve(".", "tests/logout.spec.ts", "tests/lo*"));

    [Theory]
    [InlineData("tests/*.nothing", ExitCode.NoTests, "no test file matches")]
    [InlineData("support", ExitCode.NoTests, "no test file matches")]
    [InlineData("../outside.spec.ts", ExitCode.Usage, "outside the project")]
    [InlineData("tests/secret.spec.ts", ExitCode.Usage, ".gitignore")]
    public void What_is_not_there_is_an_error(string name, ExitCode code, string says)
    {
        var e = Assert.Throws<CliException>(() => Resolve(".", name));
        Assert.Equal(code, e.Code);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_names_those_near_it()
    {
        var e = Assert.Throws<CliException>(() => Resolve(".", "tests/logn.spec.ts"));
        Assert.Equal(ExitCode.Usage, e.Code);
        Assert.StartsWith("Near it: tests/login.spec.ts,", e.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_project_paths_go_as_they_are()
    {
        Assert.Equal(["tests/onboarding.spec.js"], TestFiles.WithoutProject(["./tests/onboarding.spec.js"], folder.Path));
        Assert.Equal(["tests/login.spec.ts", "tests/logout.spec.ts"], TestFiles.WithoutProject(["tests/lo*.ts"], folder.Path));
        Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => TestFiles.WithoutProject(["/abs.spec.ts"], folder.Path)).Code);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CliException>(() => TestFiles.WithoutProject(["../up.spec.ts"], folder.Path)).Code);
        Assert.Equal(ExitCode.NoTests, Assert.Throws<CliException>(() => TestFiles.WithoutProject(["gone/*.ts"], folder.Path)).Code);
    }
}
