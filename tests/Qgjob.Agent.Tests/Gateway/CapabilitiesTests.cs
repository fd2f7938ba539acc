using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qgjob.Agent.Gateway;

namespace Qgjob.Agent.Tests.Gateway;

public sealed class CapabilitiesTests
{
    // What AppWright 0.1.1 sends for a local device.
    internal const string AppWrights =
        """
        {"capabilities":{"alwaysMatch":{"appium:deviceName":"Pixel","appium:udid":"other","appium:automationName":"uiautomator2",
        "platformName":"android","appium:autoGrantPermissions":true,"appium:app":"/x/app.apk","appium:appActivity":"a.Main",
        "appium:appPackage":"com.a","appium:autoAcceptAlerts":true,"appium:fullReset":true},"firstMatch":[{}]},"desiredCapabilities":{}}
        """;

    private static readonly SessionPlace Place = new("127.0.0.1:15555", 15037, 8300, KeepData: false, DeviceReady: false);

    private static JsonObject Rewritten(SessionPlace place, string body = AppWrights) =>
        JsonNode.Parse(Capabilities.Rewrite(Encoding.UTF8.GetBytes(body), place).Body)!["capabilities"]!["alwaysMatch"]!.AsObject();

    [Fact]
    public void The_app_is_not_installed_again_and_the_phone_is_pinned()
    {
        var caps = Rewritten(Place);
        Assert.False(caps.ContainsKey("appium:app"));
        Assert.False(caps.ContainsKey("appium:fullReset"));
        Assert.Equal("127.0.0.1:15555", caps["appium:udid"]!.GetValue<string>());
        Assert.Equal(15037, caps["appium:adbPort"]!.GetValue<int>());
        Assert.Equal(8300, caps["appium:systemPort"]!.GetValue<int>());
        Assert.True(caps["appium:skipLogcatCapture"]!.GetValue<bool>());
        Assert.False(caps["appium:noReset"]!.GetValue<bool>());
        Assert.Equal("com.a", caps["appium:appPackage"]!.GetValue<string>());
    }

    [Fact]
    public void Only_a_phone_that_had_a_session_skips_the_preparation()
    {
        Assert.False(Rewritten(Place).ContainsKey("appium:skipServerInstallation"));
        var caps = Rewritten(Place with { DeviceReady = true });
        Assert.True(caps["appium:skipServerInstallation"]!.GetValue<bool>());
        Assert.True(caps["appium:skipDeviceInitialization"]!.GetValue<bool>());
    }

    [Fact]
    public void Kept_data_means_no_reset()
    {
        Assert.True(Rewritten(Place with { KeepData = true })["appium:noReset"]!.GetValue<bool>());
    }

    [Fact]
    public void First_match_is_merged_in()
    {
        var caps = Rewritten(Place, """{"capabilities":{"firstMatch":[{"appium:appPackage":"com.b"}]}}""");
        Assert.Equal("com.b", caps["appium:appPackage"]!.GetValue<string>());
    }

    [Fact]
    public void The_key_differs_for_other_apps_only()
    {
        var first = Capabilities.Rewrite(Encoding.UTF8.GetBytes(AppWrights), Place);
        var later = Capabilities.Rewrite(Encoding.UTF8.GetBytes(AppWrights.Replace("/x/app.apk", "/y/app.apk", StringComparison.Ordinal)), Place with { DeviceReady = true });
        var other = Capabilities.Rewrite(Encoding.UTF8.GetBytes(AppWrights.Replace("com.a", "com.b", StringComparison.Ordinal)), Place);
        Assert.Equal(first.Key, later.Key);
        Assert.NotEqual(first.Key, other.Key);
        Assert.Equal(("com.a", "a.Main", true), (first.Package, first.Activity, first.GrantPermissions));
    }

    [Fact]
    public void Nonsense_is_a_json_error()
    {
        Assert.Throws<JsonException>(() => Capabilities.Rewrite("{}"u8.ToArray(), Place));
        Assert.ThrowsAny<JsonException>(() => Capabilities.Rewrite("nope"u8.ToArray(), Place));
    }

    [Fact]
    public void A_final_error_is_one_that_the_client_does_not_repeat()
    {
        var reply = WebDriverError.Final("the phone is gone");
        Assert.Equal(404, reply.Status);
        Assert.Equal("the phone is gone (invalid session id)", WebDriverError.Message(reply));
        Assert.Equal("invalid session id", JsonNode.Parse(reply.Body)!["value"]!["error"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("GET", "/screenshot", "", Wear.None)]
    [InlineData("POST", "/elements", "{}", Wear.None)]
    [InlineData("POST", "/element/1/click", "{}", Wear.None)]
    [InlineData("POST", "/appium/settings", "{}", Wear.Settings)]
    [InlineData("POST", "/timeouts", """{"implicit":5000}""", Wear.ImplicitWait)]
    [InlineData("POST", "/timeouts", """{"implicit":5000,"command":1}""", Wear.Unknown)]
    [InlineData("POST", "/orientation", """{"orientation":"LANDSCAPE"}""", Wear.Orientation)]
    [InlineData("POST", "/execute/sync", """{"script":"mobile: activateApp","args":[]}""", Wear.None)]
    [InlineData("POST", "/execute/sync", """{"script":"mobile: shell","args":[]}""", Wear.Unknown)]
    [InlineData("POST", "/execute/sync", "nonsense", Wear.Unknown)]
    [InlineData("POST", "/execute/sync", """{"script":"mobile: setClipboard","args":[]}""", Wear.Clipboard)]
    [InlineData("POST", "/execute/sync", """{"script":"mobile: changePermissions","args":[]}""", Wear.Unknown)]
    [InlineData("POST", "/execute/sync", """{"script":"mobile: pressKey","args":[{"keycode":26}]}""", Wear.Unknown)]
    [InlineData("POST", "/execute/sync", """{"script":"mobile: pressKey","args":[{"keycode":66}]}""", Wear.None)]
    [InlineData("POST", "/appium/device/set_clipboard", "{}", Wear.Clipboard)]
    [InlineData("POST", "/appium/device/press_keycode", """{"keycode":66}""", Wear.None)]
    [InlineData("POST", "/appium/device/press_keycode", """{"keycode":223}""", Wear.Unknown)]
    [InlineData("POST", "/context", """{"name":"WEBVIEW_1"}""", Wear.Unknown)]
    [InlineData("DELETE", "/actions", "", Wear.None)]
    [InlineData("DELETE", "/cookie", "", Wear.Unknown)]
    internal void A_command_wears_a_session(string method, string path, string body, Wear wear)
    {
        Assert.Equal(wear, SessionWear.Of(method, path, Encoding.UTF8.GetBytes(body)));
    }
}
