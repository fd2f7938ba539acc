using Qgjob.Agent.Android;

namespace Qgjob.Agent.Tests.Android;

public sealed class ShellSafePathTests
{
    [Fact]
    public void A_plain_path_stays_as_it_is() => Assert.Equal("/opt/android-sdk_33.0", ShellSafePath.Of("/opt/android-sdk_33.0"));

    [Theory]
    [InlineData("my projects")]
    [InlineData("it's (mine)")]
    [InlineData("größe")]
    public void A_path_that_a_shell_minds_is_reached_through_a_link(string name)
    {
        var folder = Path.Combine(Directory.CreateTempSubdirectory("qgjob-test-").FullName, name);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tool"), "here");
        var safe = ShellSafePath.Of(folder);
        try
        {
            Assert.Matches("^[A-Za-z0-9/._-]+$", safe);
            Assert.Equal("here", File.ReadAllText(Path.Combine(safe, "tool")));
            Assert.Equal(safe, ShellSafePath.Of(folder));
        }
        finally
        {
            File.Delete(safe);
            Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
        }
    }
}
