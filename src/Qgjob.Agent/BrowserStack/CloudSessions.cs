using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Agent.Gateway;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.BrowserStack;

internal abstract record CloudOpening;

/// <param name="Reused">It served another test before.</param>
internal sealed record CloudOpened(CloudSession Session, bool Reused) : CloudOpening;

/// <summary>The app does not start: the test fails.</summary>
internal sealed record CloudAppFailed(string Message) : CloudOpening;

internal sealed record CloudNotOpened(string Reason) : CloudOpening;

/// <summary>An attempt's sessions at BrowserStack: opened, used again after a cleaning, ended, and counted.</summary>
/// <param name="package">The app, for cleaning it.</param>
/// <param name="unknownApp">Called when BrowserStack does not know the build any more.</param>
/// <param name="note">Called with true when a session is open there, with false when it is not any more.</param>
internal sealed class CloudSessions(
    CloudHub hub, CloudWish wish, ResetMode reset, string package, Action unknownApp, Action<bool> note, TimeProvider time)
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CleanLimit = TimeSpan.FromSeconds(30);
    private readonly List<CloudSession> all = [];
    private CloudSession? idle;

    /// <summary>All that there were, in order.</summary>
    public IReadOnlyList<CloudSession> All => all;

    /// <param name="until">Cancelled when the client will wait no longer.</param>
    /// <exception cref="System.Text.Json.JsonException">The body is no session request.</exception>
    public async Task<CloudOpening> OpenAsync(byte[] body, CancellationToken until)
    {
        var (request, key) = CloudCapabilities.Rewrite(body, wish);
        if (idle is { } before)
        {
            idle = null;
            if (before.Key == key && !before.IsWorn && await CleanAsync(before, until).ConfigureAwait(false)) return new CloudOpened(before, Reused: true);
            await EndAsync(before).ConfigureAwait(false);
        }

        return await CreateAsync(request, key, until).ConfigureAwait(false);
    }

    /// <summary>A test is done with its session: the next one may have it.</summary>
    public async Task ReturnAsync(CloudSession session)
    {
        // A reinstalled app is what a new session brings.
        if (session.IsWorn || reset == ResetMode.Reinstall) await EndAsync(session).ConfigureAwait(false);
        else idle = session;
    }

    /// <summary>Ends what is open. Never throws: BrowserStack ends by itself what nobody speaks to.</summary>
    public async Task EndAllAsync()
    {
        idle = null;
        foreach (var session in all.Where(s => s.Length is null).ToList()) await EndAsync(session).ConfigureAwait(false);
    }

    /// <summary>BrowserStack has ended it.</summary>
    public void NoteEnd(CloudSession session)
    {
        if (session.Length is not null) return;
        session.Length = time.GetElapsedTime(session.OpenedAt);
        if (idle == session) idle = null;
        note(false);
    }

    private async Task<CloudOpening> CreateAsync(byte[] request, string key, CancellationToken until)
    {
        var said = "no answer yet";
        try
        {
            for (var failures = 0; ; failures++)
            {
                TimeSpan? asked = null;
                try
                {
                    var answer = await hub.SendAsync("POST", "/session", request, until).ConfigureAwait(false);
                    if (answer.Reply.IsSuccess && JsonNode.Parse(answer.Reply.Body)?["value"] is JsonObject value && value["sessionId"]?.GetValue<string>() is { Length: > 0 } id)
                    {
                        var session = new CloudSession(id, key, value["capabilities"]?.DeepClone(), time.GetTimestamp());
                        all.Add(session);
                        note(true);
                        return new CloudOpened(session, Reused: false);
                    }

                    said = hub.Message(answer);
                    if (answer.Status is 401 or 403) return new CloudNotOpened(new BrowserStackRefusedException(answer.Status).Message);
                    if (HubSigns.IsUnknownApp(said))
                    {
                        unknownApp();
                        return new CloudNotOpened($"BrowserStack does not know the build {wish.AppUrl} any more; the next attempt uploads it again. {said}");
                    }

                    if (!HubSigns.IsFull(said))
                    {
                        if (InfraSigns.IsAppFailure(said)) return new CloudAppFailed(said);
                        if (!CloudWait.IsPassing((System.Net.HttpStatusCode)answer.Status))
                            return new CloudNotOpened(string.Create(CultureInfo.InvariantCulture, $"BrowserStack opens no session on {wish.Device} (answer {answer.Status}): {said}"));
                    }

                    asked = answer.RetryAfter;
                }
                catch (HttpRequestException e)
                {
                    said = e.Message;
                }

                await Task.Delay(CloudWait.Next(failures, asked), time, until).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return new CloudNotOpened($"BrowserStack opened no session on {wish.Device} in time: {said}");
        }
    }

    /// <summary>Makes a session as good as new, as far as tests can tell; false when that did not work.</summary>
    private async Task<bool> CleanAsync(CloudSession session, CancellationToken until)
    {
        using var clock = new CancellationTokenSource(CleanLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, until);
        try
        {
            if (!await ScriptAsync("terminateApp", new JsonObject { ["appId"] = package }).ConfigureAwait(false)) return false;
            if (reset == ResetMode.Clear)
            {
                if (!await ScriptAsync("clearApp", new JsonObject { ["appId"] = package }).ConfigureAwait(false)) return false;
                // Wiping takes the permissions away too; a new session with autoGrantPermissions would grant them.
                if (!await ScriptAsync("changePermissions", new JsonObject { ["appPackage"] = package, ["permissions"] = "all", ["action"] = "grant" }).ConfigureAwait(false)) return false;
            }

            return await ScriptAsync("activateApp", new JsonObject { ["appId"] = package }).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return false;
        }

        async Task<bool> ScriptAsync(string name, JsonObject arguments)
        {
            var call = new JsonObject { ["script"] = $"mobile: {name}", ["args"] = new JsonArray(arguments) };
            var answer = await hub.SendAsync("POST", $"/session/{session.Id}/execute/sync", Encoding.UTF8.GetBytes(call.ToJsonString()), either.Token).ConfigureAwait(false);
            return answer.Reply.IsSuccess;
        }
    }

    private async Task EndAsync(CloudSession session)
    {
        if (session.Length is not null) return;
        using var clock = new CancellationTokenSource(EndLimit, time);
        try
        {
            await hub.SendAsync("DELETE", $"/session/{session.Id}", null, clock.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // It ends by itself when nobody speaks to it for 90 s.
        }

        NoteEnd(session);
    }
}
