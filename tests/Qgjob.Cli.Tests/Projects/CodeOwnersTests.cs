using Qgjob.Client.Projects;

namespace Qgjob.Cli.Tests.Projects;

public sealed class CodeOwnersTests
{
    [Theory]
    [InlineData("*", "a.js", true)]
    [InlineData("*", "deep/down/a.js", true)]
    [InlineData("*.js", "deep/a.js", true)]
    [InlineData("*.js", "deep/a.ts", false)]
    [InlineData("a.js", "deep/a.js", true)]
    [InlineData("/a.js", "a.js", true)]
    [InlineData("/a.js", "deep/a.js", false)]
    [InlineData("/build/logs/", "build/logs/x/y.txt", true)]
    [InlineData("/build/logs/", "app/build/logs/x", false)]
    [InlineData("/build/logs/", "build/logs", false)]
    [InlineData("docs/*", "docs/start.md", true)]
    [InlineData("docs/*", "docs/app/trouble.md", false)]
    [InlineData("docs/*", "app/docs/start.md", false)]
    [InlineData("docs/**", "docs/app/trouble.md", true)]
    [InlineData("apps/", "x/apps/a/b.ts", true)]
    [InlineData("apps/", "apps", false)]
    [InlineData("/docs/", "docs/a/b", true)]
    [InlineData("/docs", "docs/a/b", true)]
    [InlineData("docs", "x/docs/a", true)]
    [InlineData("**/logs", "deeply/nested/logs/a", true)]
    [InlineData("**/logs", "logs/a", true)]
    [InlineData("/apps/**/e2e/*.spec.ts", "apps/a/b/e2e/x.spec.ts", true)]
    [InlineData("/apps/**/e2e/*.spec.ts", "apps/e2e/x.spec.ts", true)]
    [InlineData("/apps/**/e2e/*.spec.ts", "apps/e2e/deep/x.spec.ts", false)]
    [InlineData("/a?c.ts", "abc.ts", true)]
    [InlineData("/[ab].ts", "a.ts", false)]
    [InlineData("/[ab].ts", "[ab].ts", true)]
    [InlineData("/{a,b}.ts", "a.ts", false)]
    [InlineData("/with\\ space/", "with space/a.ts", true)]
    [InlineData("/A.ts", "a.ts", false)]
    public void Patterns_mean_what_they_mean_to_GitHub(string pattern, string path, bool owned) =>
        Assert.Equal(owned ? ["@x"] : [], CodeOwners.Parse($"{pattern} @x").Of(path));

    [Fact]
    public void The_last_line_that_matches_counts_and_lines_that_mean_nothing_do_not()
    {
        var owners = CodeOwners.Parse(
            "\uFEFF# comment\n*  @acme/all joe@example.com   # everything\r\n\n/tests/cart/ @acme/cart\n/tests/cart/free.spec.ts\n!/tests/cart/a.spec.ts @no\n[Section] @no\n^[Section]\n/tests/ nobody\n/\n#/tests/cart/x @no");
        Assert.Equal(["@acme/all", "joe@example.com"], owners.Of("tests/a.spec.ts"));
        Assert.Equal(["@acme/cart"], owners.Of("tests/cart/a.spec.ts"));
        Assert.Empty(owners.Of("tests/cart/free.spec.ts"));
        Assert.Empty(CodeOwners.Parse("").Of("a"));
    }

    [Fact]
    public void Any_file_is_read_and_its_last_line_wins()
    {
        var random = new Random(11);
        for (var round = 0; round < 5000; round++)
        {
            var lines = new string(random.GetItems(" \t#*?[]!/\\abc@.\n".AsSpan(), random.Next(60)));
            var at = new string(random.GetItems("abc./ ".AsSpan(), random.Next(1, 12))).Trim('/', ' ');
            if (at.Length == 0) continue;
            var before = CodeOwners.Parse(lines).Of(at);
            Assert.All(before, o => Assert.Contains('@', o));
            // Whatever stands before it, a line for everything at the end decides, and one for something else changes nothing.
            Assert.Equal(["@last"], CodeOwners.Parse(lines + "\n* @last").Of(at));
            Assert.Equal(before, CodeOwners.Parse(lines + "\n/no/such/file @other").Of(at));
        }
    }
}
