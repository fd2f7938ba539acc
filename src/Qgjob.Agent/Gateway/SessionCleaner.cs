using System.Text.Json;
using System.Text.Json.Nodes;
using Qgjob.Agent.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Gateway;

/// <summary>
/// Makes a used session as good as a new one: the driver's settings, waits and orientation back to what they were, the
/// app stopped, its data and permissions wiped. Straight over adb where that is quicker than through Appium.
/// </summary>
internal sealed class SessionCleaner(AppiumServer server, AdbClient adb, ResetMode reset, TimeProvider time)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>Notes what a command is about to change, while the old value can still be read.</summary>
    public async Task BeforeAsync(AppiumSession session, Wear wear, byte[] body, CancellationToken cancel)
    {
        switch (wear)
        {
            case Wear.Unknown:
                session.IsWorn = true;
                break;
            case Wear.ImplicitWait:
                session.ImplicitWaitChanged = true;
                break;
            case Wear.Clipboard:
                session.ClipboardFilled = true;
                break;
            case Wear.Orientation when session.OrientationBefore is null:
                session.OrientationBefore = (await ValueAsync(session, "/orientation", cancel).ConfigureAwait(false))?.ToString();
                session.IsWorn |= session.OrientationBefore is null;
                break;
            case Wear.Settings:
                session.SettingsBefore ??= await ValueAsync(session, "/appium/settings", cancel).ConfigureAwait(false) as JsonObject;
                NoteSettings(session, body);
                break;
            default:
                break;
        }
    }

    /// <returns>Null when the session can serve another test, else why not.</returns>
    public async Task<string?> CleanAsync(AppiumSession session, CancellationToken cancel)
    {
        if (session.IsWorn) return "a test did something that only a new session undoes";
        try
        {
            if (await PutBackAsync(session, cancel).ConfigureAwait(false) is { } failed) return failed;
            return session.Request.Package is { } package ? await ClearAsync(session, package, cancel).ConfigureAwait(false) : null;
        }
        catch (Exception e) when (e is AdbException or HttpRequestException or JsonException or InvalidOperationException)
        {
            return e.Message;
        }
    }

    /// <summary>Asks something that only the driver's server on the phone can answer: it may have died, or the phone been away.</summary>
    public async Task<bool> AnswersAsync(AppiumSession session, CancellationToken cancel)
    {
        using var clock = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        try
        {
            return (await server.SendAsync("GET", $"/session/{session.Id}/orientation", null, either.Token).ConfigureAwait(false)).IsSuccess;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Starts the app the way a new session does.</summary>
    /// <returns>Null, or what the phone said.</returns>
    public async Task<string?> LaunchAsync(AppiumSession session, CancellationToken cancel)
    {
        if (session.Request is not { Package: { } package, Activity: { } activity }) return null;
        var component = $"{package}/{activity}";
        // The driver's own line for it (appium-adb startApp).
        var started = await adb.ShellAsync(
            server.Device.Serial,
            $"am start -W -n {component} -S -a android.intent.action.MAIN -c android.intent.category.LAUNCHER -f 0x10200000",
            cancel).ConfigureAwait(false);
        return started.ExitCode != 0 || started.All.Contains("Error", StringComparison.Ordinal)
            ? $"Cannot start {component}: {started.All.Trim()}"
            : null;
    }

    private async Task<string?> PutBackAsync(AppiumSession session, CancellationToken cancel)
    {
        if (session.SettingsChanged.Count > 0)
        {
            var old = new JsonObject();
            foreach (var name in session.SettingsChanged) old[name] = session.SettingsBefore?[name]?.DeepClone();
            var reply = await PostAsync(session, "/appium/settings", new JsonObject { ["settings"] = old }, cancel).ConfigureAwait(false);
            if (!reply.IsSuccess) return $"settings could not be put back: {WebDriverError.Message(reply)}";
            session.SettingsChanged.Clear();
        }

        if (session.ImplicitWaitChanged)
        {
            var reply = await PostAsync(session, "/timeouts", new JsonObject { ["implicit"] = 0 }, cancel).ConfigureAwait(false);
            if (!reply.IsSuccess) return $"the implicit wait could not be put back: {WebDriverError.Message(reply)}";
            session.ImplicitWaitChanged = false;
        }

        if (session.OrientationBefore is { } orientation)
        {
            var reply = await PostAsync(session, "/orientation", new JsonObject { ["orientation"] = orientation }, cancel).ConfigureAwait(false);
            if (!reply.IsSuccess) return $"the orientation could not be put back: {WebDriverError.Message(reply)}";
            session.OrientationBefore = null;
        }

        if (session.ClipboardFilled)
        {
            var empty = new JsonObject { ["content"] = "", ["contentType"] = "plaintext" };
            var reply = await PostAsync(session, "/appium/device/set_clipboard", empty, cancel).ConfigureAwait(false);
            if (!reply.IsSuccess) return $"the clipboard could not be emptied: {WebDriverError.Message(reply)}";
            session.ClipboardFilled = false;
        }

        return null;
    }

    private async Task<string?> ClearAsync(AppiumSession session, string package, CancellationToken cancel)
    {
        await adb.ShellAsync(server.Device.Serial, $"am force-stop {package}", cancel).ConfigureAwait(false);
        if (reset == ResetMode.None) return null;
        var cleared = await adb.ShellAsync(server.Device.Serial, $"pm clear {package}", cancel).ConfigureAwait(false);
        if (!cleared.Output.Contains("Success", StringComparison.Ordinal)) return $"pm clear {package}: {cleared.All.Trim()}";
        if (!session.Request.GrantPermissions) return null;
        // Wiping takes the permissions away too; a new session with autoGrantPermissions would grant them.
        var grant = new JsonObject
        {
            ["script"] = "mobile: changePermissions",
            ["args"] = new JsonArray(new JsonObject { ["appPackage"] = package, ["permissions"] = "all", ["action"] = "grant" }),
        };
        var granted = await PostAsync(session, "/execute/sync", grant, cancel).ConfigureAwait(false);
        return granted.IsSuccess ? null : $"permissions could not be granted: {WebDriverError.Message(granted)}";
    }

    private static void NoteSettings(AppiumSession session, byte[] body)
    {
        try
        {
            foreach (var (name, _) in JsonNode.Parse(body)?["settings"] as JsonObject ?? [])
            {
                // A setting whose default the driver does not tell cannot be put back.
                if (session.SettingsBefore?.ContainsKey(name) == true) session.SettingsChanged.Add(name);
                else session.IsWorn = true;
            }
        }
        catch (JsonException)
        {
            session.IsWorn = true;
        }
    }

    private async Task<JsonNode?> ValueAsync(AppiumSession session, string path, CancellationToken cancel)
    {
        var reply = await server.SendAsync("GET", $"/session/{session.Id}{path}", null, cancel).ConfigureAwait(false);
        return reply.IsSuccess ? JsonNode.Parse(reply.Body)?["value"] : null;
    }

    private Task<HttpReply> PostAsync(AppiumSession session, string path, JsonObject body, CancellationToken cancel) =>
        server.SendAsync("POST", $"/session/{session.Id}{path}", System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), cancel);
}
