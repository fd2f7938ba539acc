using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Tests.Devices;

public sealed class DeviceSelectorTests
{
    private static readonly DeviceOffer Pixel = new("SN1", Target.Device, Platform.Android, "13.1", "Pixel 7 Pro", ["lab1", "fast"], []);

    [Theory]
    [InlineData("os>=13", true)]
    [InlineData("os>13.1", false)]
    [InlineData("os>=13.1", true)]
    [InlineData("os<=13.1.0", true)]
    [InlineData("os<13.10", true)]
    [InlineData("os<9", false)]
    [InlineData("os=13.1", true)]
    [InlineData("os=13*", true)]
    [InlineData("model=Pixel*", true)]
    [InlineData("model=pixel 7 PRO", true)]
    [InlineData("model=*7*", true)]
    [InlineData("model=Pixel", false)]
    [InlineData("model=*7", false)]
    [InlineData("model!=Galaxy*", true)]
    [InlineData("tag=lab1", true)]
    [InlineData("tag=lab1,tag=fast", true)]
    [InlineData("tag!=lab1", false)]
    [InlineData("tag=lab2", false)]
    [InlineData("id=sn1", true)]
    [InlineData("platform=android", true)]
    [InlineData("platform=ios", false)]
    [InlineData("target=device, os>=13 ,model=Pixel*", true)]
    [InlineData("target=emulator", false)]
    public void A_device_meets_every_condition_or_does_not_match(string text, bool matches) =>
        Assert.Equal(matches, Parse(text).Matches(Pixel));

    [Fact]
    public void A_version_that_is_no_number_meets_no_comparison() =>
        Assert.False(Parse("os>=1").Matches(Pixel with { OsVersion = "UpsideDownCake" }));

    [Theory]
    [InlineData("", "not a condition")]
    [InlineData("os", "not a condition")]
    [InlineData("os>=13,,tag=a", "character 8")]
    [InlineData("os!13", "not a condition")]
    [InlineData("colour=red", "unknown key 'colour' (character 1)")]
    [InlineData("os>=13,colour=red", "(character 8)")]
    [InlineData("model=", "no value")]
    [InlineData("model>=7", "compares only os")]
    [InlineData("os>=new", "compares only os")]
    [InlineData("os>=1.2.3.4.5", "compares only os")]
    [InlineData("os>=99999999999", "compares only os")]
    public void An_error_says_what_and_where(string text, string says)
    {
        Assert.False(DeviceSelector.TryParse(text, out _, out var error));
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_of_a_selector_reads_as_the_same_selector()
    {
        Assert.Equal("model=Pixel*,os>=13,tag=lab1", Parse(" tag=lab1 ,os >= 13,Model=Pixel*,tag=lab1").ToString());
        Assert.Equal("model=Pixel*,os>=13", Parse(Parse("os>=13,model=Pixel*").ToString()).ToString());
    }

    [Fact]
    public void No_text_makes_the_parser_or_a_match_fail() => Gen.String[Gen.Char["os<>=!*,.1 tagmdeli"], 0, 40].Sample(text =>
    {
        if (DeviceSelector.TryParse(text, out var selector, out var error)) Assert.Equal(selector.Matches(Pixel), Parse(selector.ToString()).Matches(Pixel));
        else Assert.NotEmpty(error);
    });

    [Fact]
    public void A_wildcard_matches_what_a_naive_matcher_matches() =>
        Gen.Select(Gen.String[Gen.Char["ab"], 1, 8], Gen.String[Gen.Char["ab*"], 1, 6]).Sample((text, pattern) =>
            Assert.Equal(Like(text, pattern), Parse("model=" + pattern).Matches(Pixel with { Model = text })));

    private static bool Like(string text, string pattern) =>
        pattern.Length == 0 ? text.Length == 0
        : pattern[0] == '*' ? Like(text, pattern[1..]) || (text.Length > 0 && Like(text[1..], pattern))
        : text.Length > 0 && text[0] == pattern[0] && Like(text[1..], pattern[1..]);

    private static DeviceSelector Parse(string text) =>
        DeviceSelector.TryParse(text, out var selector, out var error) ? selector : throw new InvalidOperationException(error);
}
