using Qgjob.Agent.AppWright;

namespace Qgjob.Agent.Tests.AppWright;

public sealed class ProjectChoiceTests
{
    private static readonly ConfiguredProject Phone = new("android", "android", "local-device", "a.apk", []);
    private static readonly ConfiguredProject Emulator = new("android-emulator", "android", "emulator", "a.apk", []);
    private static readonly ConfiguredProject Cloud = new("android-cloud", "android", "browserstack", "a.apk", []);
    private static readonly ConfiguredProject Apple = new("ios", "ios", "local-device", "a.ipa", []);
    private static readonly ConfiguredProject Setup = new("setup", null, null, null, []);

    [Fact]
    public void The_named_project_wins()
    {
        Assert.Equal(new Chosen(Cloud), ProjectChoice.Choose([Phone, Cloud], "android-cloud", "android", "local-device"));
    }

    [Fact]
    public void A_wrong_name_lists_what_there_is()
    {
        var no = Assert.IsType<NotChosen>(ProjectChoice.Choose([Phone, Setup], "andriod", "android", "local-device"));
        Assert.Equal("The config has no project 'andriod'. It has: android, setup.", no.Reason);
    }

    [Fact]
    public void The_platform_decides_then_the_provider()
    {
        Assert.Equal(new Chosen(Emulator), ProjectChoice.Choose([Setup, Apple, Emulator], null, "android", "local-device"));
        Assert.Equal(new Chosen(Phone), ProjectChoice.Choose([Apple, Emulator, Phone, Cloud], null, "android", "local-device"));
        Assert.Equal(new Chosen(Emulator), ProjectChoice.Choose([Apple, Emulator, Phone, Cloud], null, "android", "emulator"));
    }

    [Fact]
    public void Several_left_is_an_error_that_lists_them()
    {
        var second = Phone with { Name = "android-two" };
        var no = Assert.IsType<NotChosen>(ProjectChoice.Choose([Phone, Emulator, second], null, "android", "local-device"));
        Assert.Equal("Several projects of the config fit (android, android-two); name one with --aw-project.", no.Reason);
    }

    [Fact]
    public void None_for_the_platform_is_an_error()
    {
        Assert.IsType<NotChosen>(ProjectChoice.Choose([Apple], null, "android", "local-device"));
        Assert.IsType<NotChosen>(ProjectChoice.Choose([], null, "android", "local-device"));
    }
}
