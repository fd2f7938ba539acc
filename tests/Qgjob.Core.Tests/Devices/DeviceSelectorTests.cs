using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Tests.Devices;

public sealed class DeviceSelectorTests
{
    private static readonly DeviceOffer Pixel = new("lab/SN1", Target.Device, Platform.Android, "13.1", "Google Pixel 7 Pro", ["lab1", "fast"], [])
    {
        Manufacturer = "Google",
        ApiLevel = 33,
        Agent = "mac-mini",
    };

    [Theory]
    [InlineData("os>=13", true)]
    [InlineData("os>13.1", false)]
    [InlineData("os>=13.1", true)]
    [InlineData("os<=13.1.0", true)]
    [InlineData("os<13.10", true)]
    [InlineData("os<9", false)]
    [InlineData("os=13.1", true)]
    [InlineData("os=13.1.0", true)]
    [InlineData("os=13", false)]
    [InlineData("os=13*", true)]
    [InlineData("os=13.?", true)]
    [InlineData("os!=13.1.0", false)]
    [InlineData("api>=33", true)]
    [InlineData("api<33", false)]
    [InlineData("api=33", true)]
    [InlineData("model=Pixel*", true)]
    [InlineData("model=Google Pixel*", true)]
    [InlineData("model=pixel 7 PRO", true)]
    [InlineData("model=*7*", true)]
    [InlineData("model=Pixel ? Pro", true)]
    [InlineData("model=Pixel ? ? Pro", false)]
    [InlineData("model=Pixel", false)]
    [InlineData("model=*7", false)]
    [InlineData("model!=Galaxy*", true)]
    [InlineData("model!=Pixel*", false)]
    [InlineData("model=Galaxy*|Pixel*", true)]
    [InlineData("model=Galaxy*|iPhone*", false)]
    [InlineData("model!=Galaxy*|Pixel*", false)]
    [InlineData("model=\"Pixel 7 Pro\"", true)]
    [InlineData("model='Google Pixel 7 Pro' | x", true)]
    [InlineData("model=\"Pixel*\"", true)]
    [InlineData("model=\"Pixel\\*\"", false)]
    [InlineData("manufacturer=google", true)]
    [InlineData("brand=Samsung", false)]
    [InlineData("tag=lab1", true)]
    [InlineData("tag=lab1,tag=fast", true)]
    [InlineData("tag!=lab1", false)]
    [InlineData("tag=lab2", false)]
    [InlineData("tag=lab2|fast", true)]
    [InlineData("id=LAB/sn1", true)]
    [InlineData("id=SN1", false)]
    [InlineData("name=SN1", true)]
    [InlineData("agent=mac-*", true)]
    [InlineData("host=mac-mini", true)]
    [InlineData("platform=android", true)]
    [InlineData("platform=IOS", false)]
    [InlineData("target=device, os>=13 ,model=Pixel*", true)]
    [InlineData("target=emulator|browserstack", false)]
    [InlineData("target!=emulator", true)]
    public void A_device_meets_every_condition_or_does_not_match(string text, bool matches) =>
        Assert.Equal(matches, Parse(text).Matches(Pixel));

    [Fact]
    public void What_is_not_known_meets_no_condition_but_those_that_exclude()
    {
        var unknown = Pixel with { OsVersion = "UpsideDownCake", ApiLevel = null, Agent = null, Manufacturer = null, Model = "X100" };
        foreach (var text in new[] { "os>=1", "os<99", "api>=1", "api<99", "agent=*", "manufacturer=*" }) Assert.False(Parse(text).Matches(unknown), text);
        foreach (var text in new[] { "os!=13", "api!=33", "agent!=mac", "manufacturer!=Google", "os=Upside*" }) Assert.True(Parse(text).Matches(unknown), text);
    }

    [Theory]
    [InlineData("Samsung Galaxy S23", "model=Galaxy*,manufacturer=samsung")]
    [InlineData("iPhone 15 Pro", "model=iPhone*,manufacturer=apple")]
    [InlineData("Google Pixel 7", "model=Pixel 7,brand=Google")]
    public void A_model_whose_maker_nobody_told_is_found_all_the_same(string model, string text) =>
        Assert.True(Parse(text).Matches(Pixel with { Model = model, Manufacturer = null }));

    [Theory]
    [InlineData("", "^", "a condition such as model=Pixel* or os>=13 is missing")]
    [InlineData("os", "^^", "'os' is not a condition")]
    [InlineData("os>=13,,tag=a", "       ^", "is missing")]
    [InlineData("os>=13,", "       ^", "is missing")]
    [InlineData("os!13", "^^", "not a condition")]
    [InlineData("colour=red", "^^^^^^", "unknown field 'colour'; fields are agent, api, id, manufacturer, model, name, os, platform, tag, target")]
    [InlineData("os>=13, colour=red", "        ^^^^^^", "unknown field")]
    [InlineData("=13", "^", "the field is missing")]
    [InlineData("model=", "      ^", "the value is missing")]
    [InlineData("model=a||b", "        ^", "the value is missing")]
    [InlineData("model=a|", "        ^", "the value is missing")]
    [InlineData("model=\"\"", "      ^^", "the value is empty")]
    [InlineData("model=\"Pixel, os>=13", "      ^^^^^^^^^^^^^^", "the quote is not closed; end the value with \"")]
    [InlineData("model='Pixel' 7", "              ^", "after the closing quote")]
    [InlineData("model>=7", "     ^^", ">= compares only os and api; model takes = and !=")]
    [InlineData("os>=new", "    ^^^", ">= compares with a version")]
    [InlineData("os>=13*", "    ^^^", ">= compares with a version")]
    [InlineData("os>=13|14", "  ^^", "alternatives go with = and !=")]
    [InlineData("os==13", "   ^", "the operator is one of")]
    [InlineData("os=>13", "   ^", "the operator is one of")]
    [InlineData("os>=1.2.3.4.5", "    ^^^^^^^^^", "compares with a version")]
    [InlineData("os>=99999999999", "    ^^^^^^^^^^^", "compares with a version")]
    [InlineData("os>=13,target=phone", "              ^^^^^", "'phone' is no target; choose from device, emulator, browserstack")]
    [InlineData("target=any", "       ^^^", "'any' is no target")]
    [InlineData("platform=android|windows", "                 ^^^^^^^", "'windows' is no platform; choose from android, ios")]
    public void An_error_says_what_and_points_at_it(string text, string marks, string says)
    {
        Assert.False(DeviceSelector.TryParse(text, out _, out var error));
        Assert.Contains(says, error!.Problem, StringComparison.Ordinal);
        Assert.Equal($"  {text}\n  {marks}", error.Pointed);
        Assert.EndsWith($"(at character {marks.Length - marks.Trim().Length + 1})", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_of_a_selector_reads_as_the_same_selector()
    {
        Assert.Equal("model=Pixel*,os>=13,tag=lab1", Parse(" tag=lab1 ,os >= 13,Model=Pixel*,tag=lab1").ToString());
        Assert.Equal("model=Pixel*,os>=13", Parse(Parse("os>=13,model=Pixel*").ToString()).ToString());
        Assert.Equal("agent=a,manufacturer=b,tag=x|y", Parse("tag='y'|\"x\"|y,brand=b,host=a").ToString());
        Assert.Equal("id=\"a,\\*\\\"b\\\\c\"", Parse(DeviceSelector.IdIs("a,*\"b\\c")).ToString());
    }

    [Fact]
    public void A_slot_is_met_as_any_of_the_models_that_it_can_become()
    {
        var slot = Pixel with
        {
            Target = Target.Browserstack,
            Models = [new("Google Pixel 7", "13", Platform.Android), new("Samsung Galaxy S23", "14", Platform.Android), new("iPhone 15", "17.2", Platform.Ios)],
        };
        Assert.Equal(["Samsung Galaxy S23"], Parse("os>=14,platform=android").Choices(slot).Select(m => m.Model));
        Assert.True(Parse("target=browserstack,model=iPhone*,os>=17,tag=lab1").Matches(slot));
        // No single model has both.
        Assert.False(Parse("model=Pixel*,os>=14").Matches(slot));
        Assert.Equal("os>=14 (has 13)", Assert.Single(Parse("model=Pixel*,os>=14").Unmet(slot)).ToString());
        Assert.All(slot.Models, m => Assert.Equal([m], Parse(DeviceSelector.ModelIs(m)).Choices(slot)));
    }

    private static DeviceSelector Parse(string text) =>
        DeviceSelector.TryParse(text, out var selector, out var error) ? selector : throw new InvalidOperationException(error!.ToString());
}
