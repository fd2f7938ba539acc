using Qgjob.Client.Projects;

namespace Qgjob.Cli.Tests.Projects;

/// <summary>One rule at a time; <see cref="ProjectFilesTests"/> compares many at once with git itself.</summary>
public sealed class IgnoreRulesTests
{
    [Theory]
    [InlineData("*.log", "a.log", false, true)]
    [InlineData("*.log", "deep/er/a.log", false, true)]
    [InlineData("/a.log", "a.log", false, true)]
    [InlineData("/a.log", "deep/a.log", false, null)]
    [InlineData("build/", "build", true, true)]
    [InlineData("build/", "build", false, null)]
    [InlineData("build/", "deep/build", true, true)]
    [InlineData("deep/build", "deep/build", false, true)]
    [InlineData("deep/build", "x/deep/build", false, null)]
    [InlineData("**/logs", "a/b/logs", true, true)]
    [InlineData("logs/**", "logs/a/b", false, true)]
    [InlineData("logs/**", "logs", true, null)]
    [InlineData("a/**/b", "a/x/y/b", false, true)]
    [InlineData("# comment", "# comment", false, null)]
    [InlineData("\\# name", "# name", false, true)]
    [InlineData("\\!name", "!name", false, true)]
    [InlineData("name  ", "name", false, true)]
    [InlineData("name\\ ", "name ", false, true)]
    [InlineData("*.log\n!keep.log", "keep.log", false, false)]
    [InlineData("!keep.log\n*.log", "keep.log", false, true)]
    [InlineData("*.log\r\n", "a.log", false, true)]
    [InlineData("{a,b}", "a", false, null)]
    [InlineData("", "a", false, null)]
    [InlineData("/", "a", true, null)]
    public void Decides_as_git_does(string rules, string path, bool isFolder, bool? ignored) =>
        Assert.Equal(ignored, IgnoreRules.Parse(rules).Decide(path, isFolder));
}
