using System.Text.Json;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Installs;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Gateway;

/// <summary>What an attempt's gateway is for.</summary>
/// <param name="Reinstall">Installs the app anew; only for <see cref="ResetMode.Reinstall"/>.</param>
/// <param name="DeviceLost">Cancelled when the phone is known to be gone.</param>
internal sealed record GatewayPlan(
    AdbDevice Device,
    ResetMode Reset,
    Func<CancellationToken, Task<InstallOutcome>>? Reinstall,
    CancellationToken DeviceLost)
{
    /// <summary>True when the phone may be somebody else's by now.</summary>
    public Func<bool> LeaseOver { get; init; } = static () => false;

    /// <summary>Runs before a session ends, while the screen is as its test left it; never throws.</summary>
    public Func<CancellationToken, Task>? BeforeClose { get; init; }
}

/// <summary>
/// The Appium that an attempt's tests believe to have: a port of its own, one session at a time, all of them on the
/// attempt's phone, served by the phone's long-lived Appium.
/// </summary>
internal sealed class AttemptGateway : IAsyncDisposable
{
    /// <summary>AppWright's client gives up after 120 s and asks again, so every answer comes before that.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(100);

    private readonly GatewayPlan plan;
    private readonly TimeProvider time;
    private readonly Action<GatewayEvent> tell;
    private readonly SessionSource source;
    private readonly LoopbackHttpServer http;
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private LiveSession? live;
    private string? failed;
    private int count;

    /// <param name="tell">Gets each event; may be called from several threads.</param>
    public AttemptGateway(GatewayPlan plan, Func<AppiumServer?, CancellationToken, Task<AppiumServer>> appium, TimeProvider time, Action<GatewayEvent> tell)
    {
        (this.plan, this.time, this.tell) = (plan, time, tell);
        source = new SessionSource(plan, appium, new AdbClient(plan.Device.AdbPort, time), time, tell);
        http = new LoopbackHttpServer(AnswerAsync);
    }

    public int Port => http.Port;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await http.DisposeAsync().ConfigureAwait(false);
        if (this.live is { } live) Close(live);
        // The next attempt on this phone must find it clean.
        await source.DisposeAsync().ConfigureAwait(false);
        one.Dispose();
        stop.Dispose();
    }

    private async Task<HttpReply> AnswerAsync(HttpRequest request, CancellationToken gone)
    {
        tell(new CommandSeen());
        if (request.Path == "/status") return HttpReply.Json(200, """{"value":{"ready":true,"message":"qgjob"}}""");
        if (failed is { } reason) return WebDriverError.Final(reason);
        // A command that lay here while this process stood still gets there before the timer that stops the attempt.
        if (plan.LeaseOver()) return WebDriverError.Final($"The lease of {plan.Device.Serial} may be over.");
        using var clock = new CancellationTokenSource(AnswerLimit, time);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, plan.DeviceLost, stop.Token);
        try
        {
            if (request is { Method: "POST", Path: "/session" }) return await OpenAsync(request, all.Token).ConfigureAwait(false);
            return await PassAsync(request, gone, all.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (plan.DeviceLost.IsCancellationRequested)
        {
            return Fail($"{plan.Device.Serial} is gone");
        }
        catch (OperationCanceledException) when (clock.IsCancellationRequested)
        {
            return Fail($"{plan.Device.Serial} did not answer within {AnswerLimit.TotalSeconds:0} s");
        }
        catch (HttpRequestException e)
        {
            return Fail($"Appium is gone: {e.Message}");
        }
        catch (Exception e) when (e is AdbException or TimeoutException or InvalidOperationException or IOException)
        {
            // The phone's shell does not answer, or no Appium comes up.
            return Fail($"{plan.Device.Serial}: {e.Message}");
        }
    }

    private async Task<HttpReply> OpenAsync(HttpRequest request, CancellationToken cancel)
    {
        // Not tied to the client: a session that it no longer waits for is there for its next request.
        await one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (live is { } old)
            {
                // Its test's process is gone, most likely, and never closed it.
                if (plan.BeforeClose is { } look) await look(cancel).ConfigureAwait(false);
                Close(old);
            }

            live = null;
            switch (await source.OpenAsync(request.Body, cancel).ConfigureAwait(false))
            {
                case Opened(var server, var session, var cleaner):
                    live = new LiveSession($"qgjob-{Interlocked.Increment(ref count)}-{session.Id}", server, session, cleaner);
                    return GatewaySession.Opened(live.Id, session.Capabilities);
                case AppFailed(var message):
                    return WebDriverError.Final(message);
                case OpenFailed(var reason):
                    return Fail(reason);
                default:
                    throw new System.Diagnostics.UnreachableException();
            }
        }
        catch (JsonException e)
        {
            return WebDriverError.Final($"This is no session request: {e.Message}");
        }
        finally
        {
            one.Release();
        }
    }

    private async Task<HttpReply> PassAsync(HttpRequest request, CancellationToken gone, CancellationToken cancel)
    {
        if (this.live is not { } live || !GatewaySession.TrySplit(request.Path, live.Id, out var rest))
        {
            return WebDriverError.Final($"{request.Method} {request.Path}: no such session. A phone has one at a time: each new one closes the one before, so use either device or persistentDevice in a file.");
        }

        if (request.Method == "DELETE" && rest.Length == 0)
        {
            await this.one.WaitAsync(cancel).ConfigureAwait(false);
            if (plan.BeforeClose is { } look && this.live == live) await look(cancel).ConfigureAwait(false);
            // Whoever opened the next session meanwhile has closed this one, and may use what lay behind it.
            var stillLive = this.live == live;
            if (stillLive) this.live = null;
            this.one.Release();
            if (stillLive) Close(live);
            return GatewaySession.Closed();
        }

        var wear = SessionWear.Of(request.Method, rest, request.Body);
        if (wear != Wear.None) await live.Cleaner.BeforeAsync(live.Session, wear, request.Body, cancel).ConfigureAwait(false);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(gone, cancel);
        var reply = await live.Server.SendAsync(request.Method, $"/session/{live.Session.Id}{rest}", request.Body, both.Token).ConfigureAwait(false);
        if (reply.Status < 500) return reply;
        var message = WebDriverError.Message(reply);
        return InfraSigns.InCommand(message) ? Fail(message) : reply;
    }

    private void Close(LiveSession live)
    {
        source.Return(live.Server, live.Session, live.Cleaner);
        tell(new SessionClosed());
    }

    /// <summary>After the first infra failure nothing is tried any more: the attempt is over.</summary>
    private HttpReply Fail(string reason)
    {
        if (Interlocked.CompareExchange(ref failed, reason, null) is null) tell(new InfraFailed(reason));
        return WebDriverError.Final(reason);
    }

    private sealed record LiveSession(string Id, AppiumServer Server, AppiumSession Session, SessionCleaner Cleaner);
}
