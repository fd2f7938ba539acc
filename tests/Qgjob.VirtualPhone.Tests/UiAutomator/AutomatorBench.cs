using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Phones.UiAutomator;

namespace Qgjob.Phones.Tests.UiAutomator;

/// <summary>The UiAutomator2 server's requests, without HTTP and adb around them.</summary>
internal sealed class AutomatorBench : IDisposable
{
    private readonly AutomatorApi api;
    private string session = "";

    public AutomatorBench()
    {
        api = new AutomatorApi(Phone.Phone);
    }

    public PhoneBench Phone { get; } = new();

    public async Task StartAsync(string uiJson)
    {
        await Phone.StartAppAsync(uiJson);
        NewSession();
    }

    public void NewSession() => session = Ask("POST", "/session", """{"capabilities":{"firstMatch":[{"a":1}],"alwaysMatch":{}}}""")!["sessionId"]!.GetValue<string>();

    public JsonNode? Ask(string method, string path, string body = "")
    {
        var reply = Send(method, path, body);
        Assert.True(reply.Status == 200, $"{method} {path}: {reply.Value?.ToJsonString()}");
        return reply.Value;
    }

    public (int Status, string Error) Fail(string method, string path, string body = "")
    {
        var reply = Send(method, path, body);
        return (reply.Status, reply.Value!["error"]!.GetValue<string>());
    }

    public string[] Find(string strategy, string selector)
    {
        var body = new JsonObject { ["strategy"] = strategy, ["selector"] = selector, ["context"] = "", ["multiple"] = true };
        return [.. Ask("POST", "/elements", body.ToJsonString())!.AsArray().Select(e => e!["ELEMENT"]!.GetValue<string>())];
    }

    public string[] Texts(string strategy, string selector) =>
        [.. Find(strategy, selector).Select(id => Ask("GET", $"/element/{id}/text")!.GetValue<string>())];

    public void Dispose() => Phone.Dispose();

    private UiReply Send(string method, string path, string body)
    {
        var full = path is "/session" or "/status" or "/sessions" ? path : $"/session/{this.session}{path}";
        return api.Handle(new HttpRequest(method, full, Encoding.UTF8.GetBytes(body), true));
    }
}
