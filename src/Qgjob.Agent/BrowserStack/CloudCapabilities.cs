using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qgjob.Agent.Gateway;
using Qgjob.Core.Devices;

namespace Qgjob.Agent.BrowserStack;

/// <summary>What a session at BrowserStack is to be.</summary>
/// <param name="AppUrl"><c>bs://…</c>.</param>
/// <param name="Project">How BrowserStack's pages call it: the org.</param>
/// <param name="Build">The run; its sessions are shown together.</param>
/// <param name="Session">The test file and job.</param>
/// <param name="Local">Through the tunnel.</param>
/// <param name="LocalIdentifier">Which tunnel; null for the only one.</param>
internal sealed record CloudWish(
    DeviceModel Device, string AppUrl, string Project, string Build, string Session, bool Video, bool Local, string? LocalIdentifier);

/// <summary>Rewrites AppWright's capabilities: the phone, the build and the names are the agent's. Pure.</summary>
internal static class CloudCapabilities
{
    private const string Options = "bstack:options";
    // BrowserStack cuts what is longer.
    private const int MostName = 255;
    // Whatever would make it another phone or app, or name another account.
    private static readonly string[] Dropped = ["appium:app", "app", "appium:deviceName", "appium:platformVersion", "appium:udid", "bstack:userName", "bstack:accessKey"];

    /// <returns>The request, and a text that is equal for requests whose sessions are interchangeable.</returns>
    /// <exception cref="JsonException">The body is no session request.</exception>
    public static (byte[] Body, string Key) Rewrite(byte[] body, CloudWish wish)
    {
        var merged = Capabilities.Merge(body);
        foreach (var name in Dropped) merged.Remove(name);
        if (merged[Options] is not JsonObject options) merged[Options] = options = [];
        foreach (var name in (string[])["userName", "accessKey", "buildIdentifier"]) options.Remove(name);
        options["deviceName"] = wish.Device.Model;
        options["osVersion"] = wish.Device.OsVersion;
        options["projectName"] = Cut(wish.Project);
        options["buildName"] = Cut(wish.Build);
        options["sessionName"] = Cut(wish.Session);
        if (!wish.Video) options["video"] = false;
        if (wish.Local) options["local"] = true;
        if (wish is { Local: true, LocalIdentifier: { } identifier }) options["localIdentifier"] = identifier;
        merged["appium:app"] = wish.AppUrl;
        var request = new JsonObject
        {
            ["capabilities"] = new JsonObject { ["alwaysMatch"] = merged, ["firstMatch"] = new JsonArray(new JsonObject()) },
        };
        return (Encoding.UTF8.GetBytes(request.ToJsonString()), merged.ToJsonString());
    }

    private static string Cut(string name) => name.Length <= MostName ? name : name[..MostName];
}
