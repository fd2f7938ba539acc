using System.Text;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.Tests.Ui;

public sealed class UiDescriptionTests
{
    [Theory]
    [InlineData("{", "not valid JSON (line 1)")]
    [InlineData("[]", "must be an object, not a list")]
    [InlineData("{}", "'screens' is missing")]
    [InlineData("""{"screens":{}}""", "'screens' is empty")]
    [InlineData("""{"screens":{"a":[{"text":"x"}]}}""", "screens.a[0]: 'class' is missing")]
    [InlineData("""{"screens":{"a":[{"class":"TextView","txt":"x"}]}}""", "screens.a[0]: unknown key 'txt'")]
    [InlineData("""{"screens":{"a":[{"class":"TextView","text":"{nam}"}]}}""", "screens.a[0].text: unknown name 'nam'")]
    [InlineData("""{"screens":{"a":[{"class":"TextView","text":"{nam"}]}}""", "screens.a[0].text: '{' without '}'")]
    [InlineData("""{"screens":{"a":[{"class":"Button","tap":[{"go":"b"}]}]}}""", "screens.a[0].tap[0].go: there is no screen 'b'")]
    [InlineData("""{"screens":{"a":[{"class":"Button","tap":[{"jump":"b"}]}]}}""", "screens.a[0].tap[0]: unknown action 'jump'")]
    [InlineData("""{"screens":{"a":[{"class":"Button","when":{"is":"b"}}]}}""", "screens.a[0].when: unknown condition 'is'")]
    [InlineData("""{"screens":{"a":[{"class":"Button","when":{"eq":["b"]}}]}}""", "screens.a[0].when.eq: needs a list of exactly two values")]
    [InlineData("""{"data":{"n":""},"screens":{"a":[{"class":"ListView","each":"n","as":"x","template":{"class":"TextView"}}]}}""", "screens.a[0].each: 'n' is not a list")]
    [InlineData("""{"data":{"n":1.5,"m":{}},"screens":{"a":[]}}""", "data.m: must be a text, true, false or a list of texts")]
    [InlineData("""{"data":{"n":""},"vars":{"n":""},"screens":{"a":[]}}""", "'n' is both in data and in vars")]
    [InlineData("""{"screens":{"a":[]},"back":{"a":"z"}}""", "back.a: there is no screen 'z'")]
    [InlineData("""{"screens":{"a":[{"class":"Edit Text"}]}}""", "screens.a[0]: 'Edit Text' is no class name")]
    public void Mistakes_are_named_with_their_place(string json, string message)
    {
        var error = Assert.Throws<UiDescriptionException>(() => UiDescription.Parse(Encoding.UTF8.GetBytes(json)));

        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_example_in_the_documentation_works()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "virtual-phone.md"), TestContext.Current.CancellationToken);
        using var bench = new PhoneBench();

        await bench.StartAppAsync(text.Split("```json")[1].Split("```")[0]);

        Assert.Equal("Your name | Log in", bench.Screen());
        bench.Tap("Log in");
        Assert.Equal("Your name | Log in | Who are you?", bench.Screen());
        bench.Tap("Your name");
        await bench.RunAsync("input text Ada");
        bench.Tap("Log in");
        bench.Tap("Add");
        bench.Tap("item 0");
        Assert.Equal("item 0 | Back", bench.Screen());
        bench.Tap("Back");
        Assert.Equal("Hello, Ada: 1 items in 1.0 | Add | item 0", bench.Screen());
    }

    [Fact]
    public async Task A_bad_description_shows_the_problem_on_the_screen()
    {
        using var bench = new PhoneBench();

        await bench.StartAppAsync("""{"screens":{"a":[{"class":"TextView","text":"{nam}"}]}}""");

        Assert.StartsWith("Error in assets/qgjob-ui.json | screens.a[0].text: unknown name 'nam'", bench.Screen(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Taps_change_data_and_screens_and_data_survives_a_restart_of_the_app()
    {
        using var bench = new PhoneBench();
        await bench.StartAppAsync("""
            {
              "data": { "items": ["a"], "dark": false },
              "vars": { "item": "" },
              "start": [ { "if": { "empty": "{items}" }, "go": "none", "else": "list" } ],
              "screens": {
                "none": [ { "class": "TextView", "text": "empty" } ],
                "list": [
                  { "class": "TextView", "text": "{count:items} of {package} {version}" },
                  { "class": "Button", "text": "Add", "tap": [ { "add": "items", "value": "b{count:items}" } ] },
                  { "class": "CheckBox", "text": "Dark", "checked": "{dark}", "tap": [ { "toggle": "dark" } ] },
                  { "class": "ListView", "scrollable": true, "each": "items", "as": "it", "index": "i",
                    "template": { "class": "TextView", "text": "{i}:{it}", "tap": [ { "remove": "items", "value": "{it}" } ] } },
                  { "class": "TextView", "text": "has a", "when": { "contains": ["{items}", "a"] } } ]
              }
            }
            """);

        Assert.Equal("1 of com.example.todo 1.0 | Add | Dark | 0:a | has a", bench.Screen());
        bench.Tap("Add");
        bench.Tap("Dark");
        bench.Tap("0:a");
        Assert.Equal("1 of com.example.todo 1.0 | Add | Dark | 0:b1", bench.Screen());

        bench.Phone.ForceStop(ApkBuilder.Todo);
        bench.Restart();
        await bench.RunAsync($"am start -n {ApkBuilder.Todo}/.MainActivity");

        Assert.Equal("1 of com.example.todo 1.0 | Add | Dark | 0:b1", bench.Screen());
        Assert.True(bench.Phone.Screen.Capture().Nodes.Single(n => n.Checkable).Checked);
    }

    [Fact]
    public async Task A_crash_ends_the_app_and_is_in_the_log()
    {
        using var bench = new PhoneBench();
        await bench.StartAppAsync("""{"screens":{"a":[{"class":"Button","text":"Boom","tap":{"crash":"no luck"}}]}}""");

        bench.Tap("Boom");

        Assert.Equal("com.android.launcher3", bench.Phone.Screen.Front.Package);
        Assert.Equal(1, (await bench.RunAsync($"pidof {ApkBuilder.Todo}")).Code);
        var (_, log, _) = await bench.RunAsync("logcat -d -v raw AndroidRuntime:E *:S");
        Assert.Contains("FATAL EXCEPTION: main\nProcess: com.example.todo, PID: 3001\njava.lang.RuntimeException: no luck\n", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_permission_is_asked_for_and_its_answer_stays()
    {
        using var bench = new PhoneBench();
        await bench.StartAppAsync("""
            {"screens":{"a":[
              {"class":"Button","text":"Ask","tap":{"request_permission":"android.permission.CAMERA"}},
              {"class":"TextView","text":"granted","when":{"granted":"android.permission.CAMERA"}}]}}
            """);

        bench.Tap("Ask");
        Assert.Equal("Allow com.example.todo to use: camera? | While using the app | Only this time | Don’t allow", bench.Screen());
        bench.Tap("Don’t allow");
        Assert.Equal("Ask", bench.Screen());
        bench.Tap("Ask");
        bench.Tap("While using the app");
        Assert.Equal("Ask | granted", bench.Screen());
        bench.Tap("Ask");
        Assert.Equal("Ask | granted", bench.Screen());
    }

    [Fact]
    public async Task Fields_show_hint_text_and_dots_and_back_follows_the_file()
    {
        using var bench = new PhoneBench();
        await bench.StartAppAsync("""
            {"vars":{"u":"","p":""},"screens":{
              "a":[{"class":"EditText","hint":"User","field":"u"},{"class":"EditText","hint":"Pass","field":"p","secret":true},
                   {"class":"Button","text":"Next","enabled":{"not":{"empty":"{u}"}},"tap":{"go":"b"}}],
              "b":[{"class":"TextView","text":"{u}"}]},"back":{"b":"a"}}
            """);

        bench.Tap("Next");
        Assert.Equal("User | Pass | Next", bench.Screen());
        bench.Tap("User");
        await bench.RunAsync("input text ada%sl; input keyevent 67 KEYCODE_D");
        bench.Tap("Pass");
        await bench.RunAsync("input text xyz");
        Assert.Equal("ada d | ••• | Next", bench.Screen());
        bench.Tap("Next");
        Assert.Equal("ada d", bench.Screen());
        await bench.RunAsync("input keyevent BACK");
        Assert.Equal("ada d | ••• | Next", bench.Screen());
        await bench.RunAsync("input keyevent 4");
        Assert.Equal("com.android.launcher3", bench.Phone.Screen.Front.Package);
        bench.Tap(ApkBuilder.Todo);
        Assert.Equal("ada d | ••• | Next", bench.Screen());
    }

    [Fact]
    public async Task Two_builds_of_an_app_look_different()
    {
        using var bench = new PhoneBench();
        await bench.InstallAsync(new ApkBuilder().With(ApkBuilder.Manifest(ApkBuilder.Todo)).Build());
        await bench.RunAsync($"am start -n {ApkBuilder.Todo}/.MainActivity");
        Assert.Equal(ApkBuilder.Todo, bench.Screen());

        await bench.InstallAsync(new ApkBuilder().With(ApkBuilder.Manifest(ApkBuilder.Todo, 2, "2.0"))
            .WithUi("""{"screens":{"a":[{"class":"TextView","text":"two {version}"}]}}""").Build());
        await bench.RunAsync($"am start -n {ApkBuilder.Todo}/.MainActivity");

        Assert.Equal("two 2.0", bench.Screen());
    }
}
