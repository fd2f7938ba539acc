using System.Buffers.Binary;
using System.Text;

namespace Qgjob.Phones.Tests.UiAutomator;

public sealed class AutomatorTests : IDisposable
{
    private const string Form = """
        {"vars":{"u":"","shown":""},"screens":{"a":[
          {"class":"EditText","id":"user","hint":"Name","field":"u"},
          {"class":"Button","id":"ok","text":"OK","tap":[{"set":"shown","to":"{u}"}]},
          {"class":"TextView","id":"shown","text":"{shown}","when":{"not":{"empty":"{shown}"}}}]}}
        """;

    private readonly AutomatorBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Typing_and_clicking_work_and_elements_keep_their_ids()
    {
        await bench.StartAsync(Form);
        var field = Assert.Single(bench.Find("id", "user"));

        bench.Ask("POST", $"/element/{field}/value", """{"text":"ad","replace":false}""");
        bench.Ask("POST", $"/element/{field}/value", """{"text":"a","replace":false}""");
        bench.Ask("POST", $"/element/{Assert.Single(bench.Find("id", "ok"))}/click");

        Assert.Equal(field, Assert.Single(bench.Find("id", "user")));
        Assert.Equal(["ada"], bench.Texts("id", "shown"));
        bench.Ask("POST", $"/element/{field}/clear");
        Assert.Equal("Name", bench.Ask("GET", $"/element/{field}/text")!.GetValue<string>());
        Assert.Equal("true", bench.Ask("GET", $"/element/{field}/attribute/displayed")!.GetValue<string>());
        Assert.Equal((404, "no such attribute"), bench.Fail("GET", $"/element/{field}/attribute/colour"));
    }

    [Fact]
    public async Task What_is_gone_is_stale_and_what_is_not_there_is_no_such_element()
    {
        await bench.StartAsync(Form);
        var field = Assert.Single(bench.Find("id", "user"));

        await bench.Phone.RunAsync($"am force-stop {ApkBuilder.Todo}; am start -n {ApkBuilder.Todo}/.MainActivity");

        Assert.Equal((404, "stale element reference"), bench.Fail("GET", $"/element/{field}/text"));
        Assert.Equal((404, "no such element"), bench.Fail("POST", "/element", """{"strategy":"id","selector":"nothing"}"""));
        Assert.Equal((400, "invalid element state"),
            bench.Fail("POST", $"/element/{Assert.Single(bench.Find("id", "ok"))}/value", """{"text":"x"}"""));
    }

    [Fact]
    public async Task A_new_session_ends_the_old_one_and_starts_with_default_settings()
    {
        await bench.StartAsync(Form);
        bench.Ask("POST", "/appium/settings", """{"settings":{"snapshotMaxDepth":10,"allowInvisibleElements":true}}""");
        Assert.Equal(10, bench.Ask("GET", "/appium/settings")!["snapshotMaxDepth"]!.GetValue<int>());
        Assert.Equal((400, "invalid argument"), bench.Fail("POST", "/appium/settings", """{"settings":{"nonsense":1}}"""));
        Assert.Equal((400, "invalid argument"), bench.Fail("POST", "/appium/settings", """{"settings":{"snapshotMaxDepth":"x"}}"""));

        bench.NewSession();

        Assert.Equal(70, bench.Ask("GET", "/appium/settings")!["snapshotMaxDepth"]!.GetValue<int>());
        Assert.Single(bench.Ask("GET", "/sessions")!.AsArray());
        bench.Ask("DELETE", "");
        Assert.Equal((404, "invalid session id"), bench.Fail("GET", "/source"));
    }

    [Fact]
    public async Task The_phone_can_be_turned()
    {
        await bench.StartAsync(Form);
        Assert.Equal("PORTRAIT", bench.Ask("GET", "/orientation")!.GetValue<string>());

        bench.Ask("POST", "/orientation", """{"orientation":"LANDSCAPE"}""");

        Assert.Equal("LANDSCAPE", bench.Ask("GET", "/orientation")!.GetValue<string>());
        Assert.Equal("""{"width":2337,"height":1080}""", bench.Ask("GET", "/window/current/size")!.ToJsonString());
        Assert.Equal((400, "invalid argument"), bench.Fail("POST", "/orientation", """{"orientation":"SIDEWAYS"}"""));
    }

    [Fact]
    public async Task Keys_and_fingers_act_on_the_screen()
    {
        await bench.StartAsync(Form);
        bench.Ask("POST", $"/element/{Assert.Single(bench.Find("id", "user"))}/click");

        bench.Ask("POST", "/actions", """
            {"actions":[{"type":"key","id":"k","actions":[{"type":"keyDown","value":"x"},{"type":"keyUp","value":"x"},
            {"type":"keyDown","value":"y"},{"type":"keyDown","value":"\uE003"}]}]}
            """);
        var rect = bench.Ask("GET", $"/element/{Assert.Single(bench.Find("id", "ok"))}/rect")!;
        bench.Ask("POST", "/appium/gestures/click",
            $$$"""{"offset":{"x":{{{rect["x"]!.GetValue<int>() + 5}}},"y":{{{rect["y"]!.GetValue<int>() + 5}}}}}""");

        Assert.Equal(["x"], bench.Texts("id", "shown"));
    }

    [Fact]
    public async Task Long_lists_hide_what_does_not_fit_and_scroll()
    {
        var items = string.Join(',', Enumerable.Range(0, 60).Select(i => $"\"item {i}\""));
        await bench.StartAsync($$$"""
            {"data":{"items":[{{{items}}}]},"screens":{"a":[{"class":"TextView","text":"Top"},
              {"class":"ListView","id":"list","scrollable":true,"each":"items","as":"it","template":{"class":"TextView","text":"{it}"}},
              {"class":"TextView","text":"Bottom"}]}}
            """);
        Assert.Empty(bench.Find("-android uiautomator", "text(\"item 59\")"));
        Assert.Single(bench.Find("-android uiautomator", "text(\"Bottom\")"));

        const string down = """{"area":{"left":0,"top":300,"width":1000,"height":1500},"direction":"down","percent":1.0}""";
        Assert.True(bench.Ask("POST", "/appium/gestures/scroll", down)!.GetValue<bool>());
        Assert.Empty(bench.Find("-android uiautomator", "text(\"item 0\")"));
        for (var i = 0; bench.Ask("POST", "/appium/gestures/scroll", down)!.GetValue<bool>(); i++)
            Assert.True(i < 10);
        Assert.Single(bench.Find("-android uiautomator", "text(\"item 59\")"));
        Assert.Single(bench.Find("-android uiautomator",
            "new UiScrollable(new UiSelector().scrollable(true)).scrollIntoView(new UiSelector().text(\"item 30\"))"));
        await bench.Phone.RunAsync("input swipe 500 600 500 2100; input swipe 500 600 500 2100; input swipe 500 600 500 2100; input swipe 500 600 500 2100");
        Assert.Single(bench.Find("-android uiautomator", "text(\"item 0\")"));
    }

    [Fact]
    public async Task The_permission_question_is_an_alert()
    {
        await bench.StartAsync("""
            {"screens":{"a":[{"class":"Button","text":"Ask","tap":{"request_permission":"android.permission.CAMERA"}}]}}
            """);
        Assert.Equal((404, "no such alert"), bench.Fail("GET", "/alert/text"));

        bench.Phone.Tap("Ask");

        Assert.Contains("camera", bench.Ask("GET", "/alert/text")!.GetValue<string>(), StringComparison.Ordinal);
        bench.Ask("POST", "/alert/accept", "{}");
        Assert.True(bench.Phone.Phone.Packages.IsGranted(ApkBuilder.Todo, "android.permission.CAMERA"));
    }

    [Fact]
    public async Task Screenshots_are_pictures_and_differ_with_the_screen()
    {
        await bench.StartAsync(Form);
        var before = Convert.FromBase64String(bench.Ask("GET", "/screenshot")!.GetValue<string>());
        bench.Ask("POST", $"/element/{Assert.Single(bench.Find("id", "user"))}/value", """{"text":"ada"}""");
        var after = Convert.FromBase64String(bench.Ask("GET", "/screenshot")!.GetValue<string>());

        Assert.Equal((360, 779), (BinaryPrimitives.ReadInt32BigEndian(before.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(before.AsSpan(20))));
        Assert.NotEqual(before, after);
        Assert.StartsWith("<?xml", bench.Ask("GET", "/source")!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clipboard_and_errors_are_as_the_driver_expects()
    {
        await bench.StartAsync(Form);
        var hi = Convert.ToBase64String(Encoding.UTF8.GetBytes("hí"));
        bench.Ask("POST", "/appium/device/set_clipboard", $$"""{"content":"{{hi}}","contentType":"plaintext"}""");

        Assert.Equal(hi, bench.Ask("POST", "/appium/device/get_clipboard", "{}")!.GetValue<string>());
        Assert.Equal((404, "unknown command"), bench.Fail("GET", "/nonsense"));
        Assert.Equal((400, "invalid argument"), bench.Fail("POST", "/elements", "{"));
        Assert.Contains("uiautomator2: GET /session/*/nonsense", bench.Phone.Phone.Tally.Snapshot().Unhandled.Keys);
    }
}
