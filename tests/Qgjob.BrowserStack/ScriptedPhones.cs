using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;

namespace Qgjob.BrowserStack;

/// <summary>Phones that answer every command alike, for tests of what lies before them.</summary>
public sealed class ScriptedPhones : IStandInPhones
{
    /// <summary>A PNG of one pixel.</summary>
    public const string Picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    public ConcurrentQueue<string> Commands { get; } = [];

    public Func<string, string, (int Status, string Body)?> Special { get; set; } = (_, _) => null;

    public Task<IStandInPhone?> OpenAsync(JsonObject capabilities, string appFile, CancellationToken cancel) =>
        Task.FromResult<IStandInPhone?>(new Phone(this));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Phone(ScriptedPhones phones) : IStandInPhone
    {
        public JsonNode? Capabilities => new JsonObject { ["platformName"] = "android" };

        public Task<(int Status, byte[] Body)> SendAsync(string method, string path, byte[] body, CancellationToken cancel)
        {
            phones.Commands.Enqueue($"{method} {path} {Encoding.UTF8.GetString(body)}".Trim());
            var (status, text) = phones.Special(method, path) ?? (200, path == "/screenshot" ? $$"""{"value":"{{Picture}}"}""" : """{"value":null}""");
            return Task.FromResult((status, Encoding.UTF8.GetBytes(text)));
        }

        public Task<StandInLeavings> CloseAsync() => Task.FromResult(new StandInLeavings([0, 0, 0, 24], "device log\n", "appium log\n"));
    }
}
