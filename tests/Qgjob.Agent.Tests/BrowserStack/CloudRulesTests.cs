using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Agent.BrowserStack;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Tests.BrowserStack;

/// <summary>What is decided without asking anybody.</summary>
public sealed class CloudRulesTests
{
    private static readonly DeviceOffer Slot = new("lab/browserstack-1", Target.Browserstack, Platform.Android, "", "BrowserStack", ["lab1"], []);
    private static readonly CloudListing[] Listed =
    [
        new("ios", "17", "iPhone 15"), new("android", "12.0", "Samsung Galaxy S22"), new("android", "13.0", "Google Pixel 7"), new("android", "14.0", "Google Pixel 8"),
        new("android", "14.0", "Samsung Galaxy S24"), new("android", "15 Beta", "Google Pixel 9"), new("android", "9.0", "Google Pixel 3"), new("android", null, "x"), new("android", "9.0", "Google Pixel 3"),
    ];

    [Theory]
    [InlineData(null, "Google Pixel 8 14.0")]
    [InlineData("model=*Pixel*,os<14", "Google Pixel 7 13.0")]
    [InlineData("model=Samsung*", "Samsung Galaxy S24 14.0")]
    [InlineData("model=samsung galaxy s22", "Samsung Galaxy S22 12.0")]
    [InlineData("os>=13,os<14,tag=lab1", "Google Pixel 7 13.0")]
    [InlineData("os<=9", "Google Pixel 3 9.0")]
    [InlineData("model=*Pixel 9", "Google Pixel 9 15 Beta")]
    [InlineData("model=iPhone*", null)]
    [InlineData("tag=elsewhere", null)]
    public void A_job_gets_the_newest_phone_that_meets_its_conditions(string? needs, string? expected)
    {
        DeviceSelector? selector = null;
        if (needs is not null) Assert.True(DeviceSelector.TryParse(needs, out selector, out _));
        var chosen = CloudDeviceChoice.Choose(Slot, CloudDeviceChoice.Models(Listed), selector, null);
        Assert.Equal(expected, chosen is null ? null : $"{chosen.Model} {chosen.OsVersion}");
    }

    [Fact]
    public void The_phone_that_the_config_names_comes_first_where_it_meets_the_conditions()
    {
        var models = CloudDeviceChoice.Models(Listed);
        Assert.Equal("Google Pixel 7", CloudDeviceChoice.Choose(Slot, models, null, ("Google Pixel 7", "13.0"))!.Model);
        Assert.Equal("Google Pixel 8", CloudDeviceChoice.Choose(Slot, models, null, ("Google Pixel 70", "13.0"))!.Model);
        Assert.True(DeviceSelector.TryParse("os>=14", out var selector, out _));
        Assert.Equal("Google Pixel 8", CloudDeviceChoice.Choose(Slot, models, selector, ("Google Pixel 7", "13.0"))!.Model);
    }

    [Theory]
    [InlineData(5, 0, 0, 0, 5)]
    [InlineData(5, 2, 0, 0, 3)] // Two of others.
    [InlineData(5, 2, 0, 2, 5)] // Two of ours.
    [InlineData(5, 3, 1, 2, 3)] // Two of ours, one of others, one that waits.
    [InlineData(5, 5, 4, 0, 0)]
    [InlineData(5, 0, 0, 2, 5)] // Ours are not counted there yet.
    public void Others_leave_the_rest_for_us(int most, int running, int queued, int open, int ours) =>
        Assert.Equal(ours, new CloudPlan(null, running, most, most, queued, 5).ForUs(open));

    [Fact]
    public void A_teams_share_counts_where_it_is_less() => Assert.Equal(2, new CloudPlan(null, 0, 5, 2, 0, 5).ForUs(0));

    [Fact]
    public void A_wait_is_as_long_as_asked_up_to_a_minute_or_doubles()
    {
        Assert.Equal([1, 2, 4, 8, 16, 20, 20], Enumerable.Range(0, 7).Select(n => CloudWait.Next(n, null).TotalSeconds));
        Assert.Equal(7, CloudWait.Next(3, TimeSpan.FromSeconds(7)).TotalSeconds);
        Assert.Equal(60, CloudWait.Next(0, TimeSpan.FromHours(1)).TotalSeconds);
        Assert.True(CloudWait.IsPassing(HttpStatusCode.TooManyRequests) && CloudWait.IsPassing(HttpStatusCode.BadGateway) && !CloudWait.IsPassing(HttpStatusCode.NotFound));
    }

    [Fact]
    public void A_session_is_on_the_phone_with_the_build_and_under_the_names_of_the_job()
    {
        var body = Encoding.UTF8.GetBytes("""
            {"capabilities":{"alwaysMatch":{"bstack:options":{"debug":true,"deviceName":"Old","osVersion":"1","buildName":"x","userName":"u","accessKey":"k","buildIdentifier":"me"},
             "appium:app":"bs://old","appium:autoGrantPermissions":true,"appium:fullReset":true},"firstMatch":[{}]},"desiredCapabilities":{"a":1}}
            """);
        var (request, key) = CloudCapabilities.Rewrite(body, Cloud.Wish("bs://new") with { Local = true, LocalIdentifier = "t1", Video = false });
        Assert.Equal(
            """{"bstack:options":{"debug":true,"deviceName":"Google Pixel 7","osVersion":"13.0","buildName":"1.0 r-1","projectName":"acme","sessionName":"tests/a.spec.ts (j-1, attempt 1)","video":false,"local":true,"localIdentifier":"t1"},"appium:autoGrantPermissions":true,"appium:fullReset":true,"appium:app":"bs://new"}""",
            JsonNode.Parse(request)!["capabilities"]!["alwaysMatch"]!.ToJsonString());
        Assert.Equal(key, CloudCapabilities.Rewrite(body, Cloud.Wish("bs://new") with { Local = true, LocalIdentifier = "t1", Video = false }).Key);
        Assert.NotEqual(key, CloudCapabilities.Rewrite(body, Cloud.Wish("bs://new")).Key);
    }

    [Fact]
    public void The_account_is_named_by_the_environment_alone_and_hides_its_key()
    {
        static BrowserStackAccount Of(string? user, string? key, string? url = null) => BrowserStackAccount.FromEnvironment(name => name switch
        {
            BrowserStackAccount.UserVariable => user,
            BrowserStackAccount.KeyVariable => key,
            BrowserStackAccount.UrlVariable => url,
            _ => null,
        });

        Assert.Contains("BROWSERSTACK_ACCESS_KEY is not set", Assert.Throws<AgentStartException>(() => Of("ada", null)).Message, StringComparison.Ordinal);
        Assert.Contains("BROWSERSTACK_USERNAME and BROWSERSTACK_ACCESS_KEY are not set", Assert.Throws<AgentStartException>(() => Of("", " ")).Message, StringComparison.Ordinal);
        Assert.Throws<AgentStartException>(() => Of("ada", "k", "http://example.com"));
        var account = Of("ada", "k/e+y");
        Assert.Equal("https://api-cloud.browserstack.com/", account.Api.ToString());
        Assert.Equal("https://hub.browserstack.com/", account.Hub.ToString());
        Assert.Equal("BrowserStack account ada", account.ToString());
        var basic = Convert.ToBase64String("ada:k/e+y"u8);
        Assert.Equal("[hidden] [hidden] [hidden] ada", account.Redact($"k/e+y {basic} k%2Fe%2By ada"));
        Assert.True(account.Trusts(new Uri("https://api.browserstack.com/x")));
        Assert.False(account.Trusts(new Uri("http://api.browserstack.com/x")));
        Assert.False(account.Trusts(new Uri("https://browserstack.com.example.org/x")));
        Assert.False(account.Trusts(new Uri("https://storage.example.org/video.mp4")));
    }
}
