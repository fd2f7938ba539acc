using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Qgjob.Core.Notifications;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Notifications;

/// <summary>How a try went.</summary>
/// <param name="Try">For the log.</param>
/// <param name="Taken">The receiver has it.</param>
/// <param name="Gone">The receiver wants no more, ever.</param>
/// <param name="RetryAfter">When it wants to be asked again; null: it did not say.</param>
internal sealed record Tried(DeliveryTry Try, bool Taken, bool Gone = false, TimeSpan? RetryAfter = null);

/// <summary>Sends one delivery once. It follows no redirect, uses no proxy, and reads little of the answer.</summary>
internal sealed class HookSender : IDisposable
{
    /// <summary>For connecting, sending and the answer together.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private const int AnswerBytes = 1024;
    private const int AnswerShown = 200;

    private readonly HttpMessageInvoker http;
    private readonly TimeProvider time;

    public HookSender(HookTargets targets, TimeProvider time)
    {
        this.time = time;
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = targets.ConnectAsync,
            // A name may lead elsewhere tomorrow.
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
        });
    }

    public async Task<Tried> SendAsync(Hook hook, Delivery delivery, CancellationToken cancel)
    {
        var (began, at) = (time.GetTimestamp(), time.GetUtcNow());
        int Elapsed() => (int)time.GetElapsedTime(began).TotalMilliseconds;
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        try
        {
            using var request = Request(hook, delivery, at);
            using var response = await http.SendAsync(request, either.Token);
            var took = Elapsed();
            var status = (int)response.StatusCode;
            var answer = await BeginningAsync(response, either.Token, cancel);
            var error = status is >= 300 and < 400 ? "redirects are not followed; set the hook to where it leads" : null;
            return new Tried(new DeliveryTry(at, took, status, answer, error), response.IsSuccessStatusCode, response.StatusCode is HttpStatusCode.Gone, RetryAfter(response, at));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new Tried(new DeliveryTry(at, Elapsed(), null, null, $"no answer within {Limit.TotalSeconds:0} s"), Taken: false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or HookRefusedException)
        {
            return new Tried(new DeliveryTry(at, Elapsed(), null, null, Message(e)), Taken: false);
        }
    }

    public void Dispose() => http.Dispose();

    private static HttpRequestMessage Request(Hook hook, Delivery delivery, DateTimeOffset at)
    {
        var timestamp = at.ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, hook.Url) { Content = new StringContent(delivery.Body, Encoding.UTF8, "application/json") };
        request.Headers.Add("User-Agent", $"qgjob/{ServerHost.Version}");
        request.Headers.Add("webhook-id", delivery.Id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        if (hook.Secret is { } secret) request.Headers.Add("webhook-signature", WebhookSignature.Of(secret, delivery.Id, timestamp, delivery.Body));
        return request;
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now) => response.Headers.RetryAfter switch
    {
        { Delta: { } pause } => pause,
        { Date: { } date } when date > now => date - now,
        _ => null,
    };

    /// <summary>What is shown of the answer. The status has said all that counts: an answer that does not come, or breaks off, changes nothing.</summary>
    private static async Task<string?> BeginningAsync(HttpResponseMessage response, CancellationToken limit, CancellationToken cancel)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(AnswerBytes);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(limit);
            var length = await body.ReadAtLeastAsync(bytes.AsMemory(0, AnswerBytes), AnswerBytes, throwOnEndOfStream: false, limit);
            var text = string.Concat(Encoding.UTF8.GetString(bytes, 0, length).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)).Trim();
            return text.Length == 0 ? null : text.Length > AnswerShown ? text[..AnswerShown] + "…" : text;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static string Message(Exception e)
    {
        while (e is HttpRequestException { InnerException: { } inner }) e = inner;
        var text = string.Concat(e.Message.Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length > AnswerShown ? text[..AnswerShown] + "…" : text;
    }
}
