namespace Qgjob.Phones.Tests.UiAutomator;

public sealed class SelectorTests : IDisposable
{
    private const string App = """
        {"vars":{"u":""},"screens":{"a":[
          {"class":"LinearLayout","id":"box","children":[
            {"class":"TextView","id":"title","text":"Hello World","desc":"greeting"},
            {"class":"TextView","id":"sub","text":"hello again"},
            {"class":"Button","id":"go","text":"Say \"hi\""},
            {"class":"EditText","id":"user","hint":"Name","field":"u"}]},
          {"class":"LinearLayout","id":"other","children":[{"class":"TextView","id":"title","text":"Third"}]}]}}
        """;

    private readonly AutomatorBench bench = new();

    public void Dispose() => bench.Dispose();

    [Theory]
    [InlineData("text(\"Hello World\")", "Hello World")]
    [InlineData("new UiSelector().text(\"Hello World\");", "Hello World")]
    [InlineData("textContains(\"HELLO\")", "Hello World,hello again")]
    [InlineData("new UiSelector().textStartsWith(\"hello\").instance(1)", "hello again")]
    [InlineData("textMatches(\"^Hel+o.*\")", "Hello World")]
    [InlineData("textMatches(\"Hel\")", "")]
    [InlineData("text(\"Say \\\"hi\\\"\")", "Say \"hi\"")]
    [InlineData("description(\"greeting\")", "Hello World")]
    [InlineData("resourceId(\"com.example.todo:id/title\")", "Hello World,Third")]
    [InlineData("resourceIdMatches(\".*title\").instance(0)", "Hello World")]
    [InlineData("className(\"android.widget.Button\")", "Say \"hi\"")]
    [InlineData("new UiSelector().className(\"android.widget.TextView\").index(1)", "hello again")]
    [InlineData("new UiSelector().clickable(true)", "Say \"hi\",Name")]
    [InlineData("new UiSelector().resourceIdMatches(\".*other\").childSelector(new UiSelector().className(\"android.widget.TextView\"))", "Third")]
    [InlineData("new UiSelector().text(\"hello again\").fromParent(new UiSelector().clickable(true))", "Say \"hi\",Name")]
    [InlineData("new UiScrollable(new UiSelector().scrollable(true)).scrollIntoView(new UiSelector().text(\"nothing\"))", "")]
    public async Task UiSelectors_find_what_they_find_on_a_phone(string selector, string texts)
    {
        await bench.StartAsync(App);

        Assert.Equal(texts, string.Join(',', bench.Texts("-android uiautomator", selector)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("text(\"open")]
    [InlineData("text()")]
    [InlineData("nonsense(\"x\")")]
    [InlineData("new UiSelector().text(\"a\") text")]
    [InlineData("new UiSelector(")]
    [InlineData("textMatches(\"(\")")]
    [InlineData("instance(x)")]
    [InlineData("new UiScrollable(new UiSelector()).fly()")]
    public async Task What_is_no_selector_is_an_invalid_selector(string selector)
    {
        await bench.StartAsync(App);

        Assert.Equal((400, "invalid selector"), bench.Fail("POST", "/elements",
            new System.Text.Json.Nodes.JsonObject { ["strategy"] = "-android uiautomator", ["selector"] = selector }.ToJsonString()));
    }

    [Theory]
    [InlineData("xpath", "//android.widget.EditText[@hint='Name']", "Name")]
    [InlineData("xpath", "//*[@resource-id='com.example.todo:id/box']/android.widget.TextView[2]", "hello again")]
    [InlineData("xpath", "/hierarchy//android.widget.Button", "Say \"hi\"")]
    [InlineData("id", "com.example.todo:id/sub", "hello again")]
    [InlineData("id", "title", "Hello World,Third")]
    [InlineData("accessibility id", "greeting", "Hello World")]
    [InlineData("class name", "android.widget.EditText", "Name")]
    public async Task Other_strategies_work_too(string strategy, string selector, string texts)
    {
        await bench.StartAsync(App);

        Assert.Equal(texts, string.Join(',', bench.Texts(strategy, selector)));
    }

    [Theory]
    [InlineData("xpath", "//[")]
    [InlineData("xpath", "count(//*)")]
    [InlineData("css selector", "a")]
    public async Task Bad_paths_and_strategies_are_invalid_selectors(string strategy, string selector)
    {
        await bench.StartAsync(App);

        Assert.Equal((400, "invalid selector"), bench.Fail("POST", "/element", $$"""{"strategy":"{{strategy}}","selector":"{{selector}}"}"""));
    }

    [Fact]
    public async Task Any_text_as_a_selector_ends_in_elements_or_an_error()
    {
        await bench.StartAsync(App);
        const string alphabet = "newUiSlctor().\"\\ ;10tx,[]@/*'";
        var random = new Random(20260104);
        for (var round = 0; round < 2000; round++)
        {
            var selector = new string([.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => alphabet[random.Next(alphabet.Length)])]);
            foreach (var strategy in (string[])["xpath", "-android uiautomator"])
            {
                var body = new System.Text.Json.Nodes.JsonObject { ["strategy"] = strategy, ["selector"] = selector };
                try
                {
                    bench.Ask("POST", "/elements", body.ToJsonString());
                }
                catch (Xunit.Sdk.TrueException)
                {
                    Assert.Equal(400, bench.Fail("POST", "/elements", body.ToJsonString()).Status);
                }
            }
        }
    }
}
