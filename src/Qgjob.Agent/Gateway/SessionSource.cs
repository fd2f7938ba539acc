using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Installs;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Gateway;

internal abstract record OpenOutcome;

internal sealed record Opened(AppiumServer Server, AppiumSession Session, SessionCleaner Cleaner) : OpenOutcome;

/// <summary>The app does not start: the test fails.</summary>
internal sealed record AppFailed(string Message) : OpenOutcome;

internal sealed record OpenFailed(string Reason) : OpenOutcome;

/// <summary>Gives each test a session that is as good as new: a cleaned one if it fits, else a new one.</summary>
internal sealed class SessionSource(
    GatewayPlan plan,
    Func<AppiumServer?, CancellationToken, Task<AppiumServer>> appium,
    AdbClient adb,
    TimeProvider time,
    Action<GatewayEvent> tell) : IAsyncDisposable
{
    // Long after the cleaning someone may have used the phone by hand.
    private static readonly TimeSpan CleanFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CleaningLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DeleteLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RetryUntil = TimeSpan.FromSeconds(60);
    private Task cleaning = Task.CompletedTask;

    /// <summary>Opens a session for what AppWright asked.</summary>
    public async Task<OpenOutcome> OpenAsync(byte[] body, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        var server = await appium(null, cancel).ConfigureAwait(false);
        var request = Rewrite(body, server);
        var idle = await TakeIdleAsync(server, request, cancel).ConfigureAwait(false);
        if (server.IsDoubtful) server = await appium(null, cancel).ConfigureAwait(false);
        if (plan.Reinstall is { } reinstall)
        {
            switch (await reinstall(cancel).ConfigureAwait(false))
            {
                case BuildReady(_, var duration): tell(new Reinstalled(duration)); break;
                case InstallFailed(var reason): return new OpenFailed(reason);
                default: break;
            }
        }

        if (idle is not null)
        {
            var cleaner = new SessionCleaner(server, adb, plan.Reset, time);
            if (await cleaner.LaunchAsync(idle, cancel).ConfigureAwait(false) is { } message)
            {
                Return(server, idle, cleaner);
                return new AppFailed(message);
            }

            tell(new SessionOpened(Reused: true, time.GetElapsedTime(start)));
            return new Opened(server, idle, cleaner);
        }

        return await CreateAsync(server, body, start, cancel).ConfigureAwait(false);
    }

    /// <summary>Takes a session back and cleans it while AppWright is busy with other things.</summary>
    public void Return(AppiumServer server, AppiumSession session, SessionCleaner cleaner)
    {
        session.CleanedAt = time.GetTimestamp();
        session.Cleaning = CleanAsync(session, cleaner);
        server.Idle = session;
        cleaning = session.Cleaning;
    }

    public async ValueTask DisposeAsync() => await cleaning.ConfigureAwait(false);

    private SessionRequest Rewrite(byte[] body, AppiumServer server) => Capabilities.Rewrite(body, new SessionPlace(
        plan.Device.Serial, plan.Device.AdbPort, server.SystemPort, KeepData: plan.Reset != ResetMode.Clear, server.DeviceReady));

    private async Task<AppiumSession?> TakeIdleAsync(AppiumServer server, SessionRequest request, CancellationToken cancel)
    {
        if (server.Idle is not { } idle) return null;
        server.Idle = null;
        var unfit = await idle.Cleaning.WaitAsync(cancel).ConfigureAwait(false);
        if (unfit is null && idle.Request.Key == request.Key)
        {
            var cleaner = new SessionCleaner(server, adb, plan.Reset, time);
            var clean = time.GetElapsedTime(idle.CleanedAt) < CleanFor || await cleaner.CleanAsync(idle, cancel).ConfigureAwait(false) is null;
            if (clean && await cleaner.AnswersAsync(idle, cancel).ConfigureAwait(false)) return idle;
        }

        try
        {
            using var clock = new CancellationTokenSource(DeleteLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
            await server.SendAsync("DELETE", $"/session/{idle.Id}", null, either.Token).ConfigureAwait(false);
        }
        catch (HttpRequestException)
        {
            // A dead server is replaced when the new session fails.
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            server.IsDoubtful = true;
        }

        return null;
    }

    private async Task<OpenOutcome> CreateAsync(AppiumServer server, byte[] body, long start, CancellationToken cancel)
    {
        var reason = "";
        for (var retried = false; ; retried = true)
        {
            var request = Rewrite(body, server);
            try
            {
                var reply = await server.SendAsync("POST", "/session", Encoding.UTF8.GetBytes(request.Body), cancel).ConfigureAwait(false);
                var value = reply.IsSuccess ? JsonNode.Parse(reply.Body)?["value"] : null;
                if (value?["sessionId"]?.GetValue<string>() is { } id)
                {
                    server.DeviceReady = true;
                    tell(new SessionOpened(Reused: false, time.GetElapsedTime(start)));
                    return new Opened(server, new AppiumSession(id, request, value["capabilities"]), new SessionCleaner(server, adb, plan.Reset, time));
                }

                reason = WebDriverError.Message(reply);
                if (InfraSigns.IsAppFailure(reason)) return new AppFailed(reason);
            }
            catch (HttpRequestException e)
            {
                reason = e.Message;
            }
            catch (OperationCanceledException)
            {
                server.IsDoubtful = true;
                throw;
            }

            // A second try that is cut off in the middle would hide why the first one failed.
            if (retried || time.GetElapsedTime(start) > RetryUntil) return new OpenFailed($"No session on {plan.Device.Serial}: {reason}");
            // Once more from the ground up: a new Appium, the helper apps checked again.
            server = await appium(server, cancel).ConfigureAwait(false);
        }
    }

    private async Task<string?> CleanAsync(AppiumSession session, SessionCleaner cleaner)
    {
        using var limit = new CancellationTokenSource(CleaningLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, plan.DeviceLost);
        try
        {
            return await cleaner.CleanAsync(session, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return "the cleaning took too long, or the phone left";
        }
    }
}
