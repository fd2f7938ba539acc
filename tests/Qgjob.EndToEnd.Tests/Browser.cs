using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>A headless Chromium that a test asks what a page shows, over its debugging protocol: as often as it takes until the page has drawn it.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly string profile = Directory.CreateTempSubdirectory("qgjob-chromium-").FullName;
    private readonly ClientWebSocket page = new();
    private readonly Program program;
    private int calls;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Browser() => program = Program.Start("chromium", profile, new Dictionary<string, string>(),
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--remote-debugging-port=0", $"--user-data-dir={profile}", "about:blank");

    /// <summary>Starts one and opens a page.</summary>
    public static async Task<Browser> OpenAsync(string url)
    {
        var browser = new Browser();
        try
        {
            await browser.ConnectAsync();
            await browser.CallAsync("Page.navigate", new JsonObject { ["url"] = url });
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>The texts that an expression gives, once there are so many.</summary>
    public async Task<IReadOnlyList<string>> TextsAsync(string expression, int count)
    {
        string[] seen = [];
        await UntilAsync(async () =>
        {
            var answer = await CallAsync("Runtime.evaluate", new JsonObject { ["expression"] = $"JSON.stringify({expression})", ["returnByValue"] = true });
            seen = answer["result"]?["value"]?.GetValue<string>() is { } json ? JsonSerializer.Deserialize<string[]>(json)! : [];
            return seen.Length >= count;
        }, () => $"the page shows {count} texts; it shows {seen.Length}: {string.Join(", ", seen)}");
        return seen;
    }

    public async ValueTask DisposeAsync()
    {
        page.Dispose();
        await program.DisposeAsync();
        Directory.Delete(profile, recursive: true);
    }

    private async Task ConnectAsync()
    {
        var port = Path.Combine(profile, "DevToolsActivePort");
        await UntilAsync(() => Task.FromResult(File.Exists(port) && File.ReadAllLines(port).Length > 1), () => $"Chromium listens\n{program.Output()}");
        using var http = new HttpClient();
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{File.ReadAllLines(port)[0]}/json/list"));
        var pages = JsonNode.Parse(await http.GetStringAsync(address, Cancel))!.AsArray();
        var shown = pages.First(p => p!["type"]!.GetValue<string>() == "page")!["webSocketDebuggerUrl"]!.GetValue<string>();
        await page.ConnectAsync(new Uri(shown), Cancel);
    }

    private async Task<JsonNode> CallAsync(string method, JsonObject parameters)
    {
        var id = ++calls;
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Limit);
        await page.SendAsync(JsonSerializer.SerializeToUtf8Bytes(call), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
        while (true)
        {
            using var message = new MemoryStream();
            var buffer = new byte[64 * 1024];
            ValueWebSocketReceiveResult part;
            do
            {
                part = await page.ReceiveAsync(buffer.AsMemory(), limit.Token);
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            var answer = JsonNode.Parse(message.ToArray())!;
            if (answer["id"]?.GetValue<int>() != id) continue;
            return answer["error"] is { } error ? throw new InvalidOperationException($"{method}: {error}") : answer["result"]!;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> holds, Func<string> what)
    {
        var clock = Stopwatch.StartNew();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await holds())
        {
            if (clock.Elapsed > Limit) Assert.Fail($"Waited in vain until {what()}");
            await timer.WaitForNextTickAsync(Cancel);
        }
    }
}
