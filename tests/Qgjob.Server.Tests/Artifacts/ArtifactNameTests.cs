using System.Text;
using Qgjob.Server.Artifacts;
using Xunit;

namespace Qgjob.Server.Tests.Artifacts;

public sealed class ArtifactNameTests
{
    [Theory]
    [InlineData("report.json", "report.json")]
    [InlineData("shots/käse 1.png", "shots/käse 1.png")]
    [InlineData("ログイン画面/支払い 😀.png", "ログイン画面/支払い 😀.png")]
    [InlineData("عربي/שלום.txt", "عربي/שלום.txt")]
    // One letter, and the same as a letter with an accent of its own: two names.
    [InlineData("\u00e9", "\u00e9")]
    [InlineData("e\u0301", "e\u0301")]
    [InlineData(".last-run.json", ".last-run.json")]
    [InlineData("a\\b:c*?\"<>|%.txt", "a%5Cb%3Ac%2A%3F%22%3C%3E%7C%25.txt")]
    [InlineData("line\nbreak\t\u007f", "line%0Abreak%09%7F")]
    [InlineData("C:/x", "C%3A/x")]
    [InlineData("a/.../b. /c.", "a/..%2E/b.%20/c%2E")]
    [InlineData("con/Nul.txt/COM1 .log/console", "%63on/%4Eul.txt/%43OM1 .log/console")]
    [InlineData("100%25", "100%2525")]
    public void Names_in_any_script_are_keys_and_come_back(string name, string key)
    {
        Assert.Equal(key, ArtifactName.ToKey(name));
        Assert.Equal(name, ArtifactName.FromKey(key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/")]
    [InlineData("..")]
    [InlineData("a/../b")]
    [InlineData("./a")]
    [InlineData("..%2F..%2Fx")]
    [InlineData("%2e%2e/x")]
    [InlineData("..%5Cx")]
    [InlineData("a\0b")]
    [InlineData("..\\x")]
    [InlineData("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21")]
    public void What_could_lead_elsewhere_or_is_no_text_is_refused(string name) => Assert.Null(ArtifactName.ToKey(name));

    [Fact]
    public void Half_a_letter_is_refused()
    {
        Assert.Null(ArtifactName.ToKey("\ud83d"));
        Assert.Null(ArtifactName.ToKey("a\ude00b"));
    }

    [Fact]
    public void Lengths_count_in_bytes_as_file_systems_count_them()
    {
        Assert.NotNull(ArtifactName.ToKey(new string('画', 85)));
        Assert.Null(ArtifactName.ToKey(new string('画', 86)));
        Assert.NotNull(ArtifactName.ToKey(new string('x', 255)));
        Assert.Null(ArtifactName.ToKey(new string('?', 86)));
        Assert.Null(ArtifactName.ToKey(string.Join('/', Enumerable.Repeat(new string('画', 80), 4))));
    }

    [Fact]
    public void Whatever_is_taken_stays_one_path_below_its_folder()
    {
        var random = new Random(7);
        const string Letters = "ab./\\%25eE:. \n画";
        for (var i = 0; i < 20_000; i++)
        {
            var name = new StringBuilder();
            for (var length = random.Next(1, 12); length > 0; length--) name.Append(Letters[random.Next(Letters.Length)]);
            if (ArtifactName.ToKey(name.ToString()) is not { } key) continue;
            Assert.Equal(name.ToString(), ArtifactName.FromKey(key));
            Assert.StartsWith("/root/", Path.GetFullPath(Path.Combine("/root", key)), StringComparison.Ordinal);
            Assert.DoesNotContain('\\', key);
        }
    }
}
