using Qgjob.Client.Projects;

namespace Qgjob.Cli.Tests.Projects;

public sealed class GlobTests
{
    [Theory]
    [InlineData("tests/*.spec.ts", "tests/a.spec.ts", true)]
    [InlineData("tests/*.spec.ts", "tests/deep/a.spec.ts", false)]
    [InlineData("tests/**/*.spec.ts", "tests/a.spec.ts", true)]
    [InlineData("tests/**/*.spec.ts", "tests/a/b/c.spec.ts", true)]
    [InlineData("**/*.ts", "a.ts", true)]
    [InlineData("tests/**", "tests/a/b", true)]
    [InlineData("tests/**", "tests", false)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b/**/c", "a/x/b/y/z/c", true)]
    [InlineData("a/**/b/**/c", "a/x/y/z/c", false)]
    [InlineData("?.ts", "a.ts", true)]
    [InlineData("?.ts", ".ts", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[!a-c]x", "bx", false)]
    [InlineData("[!a-c]x", "dx", true)]
    [InlineData("[]]x", "]x", true)]
    [InlineData("[x", "[x", true)]
    [InlineData("\\*x", "*x", true)]
    [InlineData("\\*x", "ax", false)]
    [InlineData("*.spec.{js,ts}", "a.spec.ts", true)]
    [InlineData("*.spec.{js,ts}", "a.spec.tsx", false)]
    [InlineData("{a,b/{c,d}}/x", "b/d/x", true)]
    [InlineData("a{b", "a{b", true)]
    [InlineData("Tests/*", "tests/a", false)]
    [InlineData("a*b*c", "aXbXbXc", true)]
    public void Matches_like_a_shell(string pattern, string path, bool expected) => Assert.Equal(expected, Glob.Parse(pattern).IsMatch(path));

    [Fact]
    public void A_folder_stands_for_what_is_in_it()
    {
        Assert.True(Glob.Parse("builds").IsMatchOrInside("builds/deep/a.apk"));
        Assert.False(Glob.Parse("builds").IsMatchOrInside("buildsX/a.apk"));
    }

    [Fact]
    public void Patterns_made_to_be_slow_are_not()
    {
        var stars = string.Concat(Enumerable.Repeat("*a", 50)) + "b";
        Assert.False(Glob.Parse(stars).IsMatch(new string('a', 2000)));
        var doubles = string.Concat(Enumerable.Repeat("**/a/", 30)) + "b";
        Assert.False(Glob.Parse(doubles).IsMatch(string.Join('/', Enumerable.Repeat("a", 1000))));
        Assert.Throws<ArgumentException>(() => Glob.Parse(string.Concat(Enumerable.Repeat("{a,b}", 20))));
    }
}
