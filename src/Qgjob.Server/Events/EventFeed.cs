using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Qgjob.Client.Wire;
using Qgjob.Core.Events;
using Qgjob.Core.Storage;

namespace Qgjob.Server.Events;

/// <summary>Streams events of a run or a job as server-sent events, from the first or from where a reader stopped, to the last.</summary>
internal sealed class EventFeed(IJobStore store, Pulses pulses, TimeProvider time)
{
    private const int PerRead = 500;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    /// <param name="runId">The run.</param>
    /// <param name="jobId">One job of it; null for all.</param>
    /// <param name="after">Only what came after this.</param>
    /// <param name="response">Where to.</param>
    /// <param name="stop">Ends it.</param>
    public async Task SendAsync(string runId, string? jobId, long after, HttpResponse response, CancellationToken stop)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // Proxies that collect answers before they pass them on would make this useless.
        response.Headers["X-Accel-Buffering"] = "no";
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await response.Body.FlushAsync(stop);
        using var happens = pulses.Listen(runId);
        var lastWrite = time.GetTimestamp();
        while (true)
        {
            // First whether it is over, then the events: the last one is not missed.
            var over = await IsOverAsync(runId, jobId, stop);
            IReadOnlyList<JobEvent> events;
            while ((events = await store.EventsAsync(runId, jobId, after, PerRead, stop)).Count > 0)
            {
                foreach (var happened in events) await WriteAsync(response, happened, stop);
                await response.Body.FlushAsync(stop);
                after = events[^1].Sequence;
                lastWrite = time.GetTimestamp();
            }
            if (over) return;
            if (time.GetElapsedTime(lastWrite) >= KeepAlive)
            {
                await response.Body.WriteAsync(": still here\n\n"u8.ToArray(), stop);
                await response.Body.FlushAsync(stop);
                lastWrite = time.GetTimestamp();
            }
            await happens.WaitAsync(Look, stop);
        }
    }

    private async Task<bool> IsOverAsync(string runId, string? jobId, CancellationToken cancel) => jobId is null
        ? await store.FindRunAsync(runId, cancel) is not { IsFinished: false }
        : await store.FindJobAsync(jobId, cancel) is not { Job.IsFinal: false };

    private static async Task WriteAsync(HttpResponse response, JobEvent happened, CancellationToken cancel)
    {
        await response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes($"id: {happened.Sequence}\nevent: {happened.Kind}\ndata: "), cancel);
        // JSON has no raw line ends, so one data line holds it.
        await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(happened, WireJson.Default.JobEvent), cancel);
        await response.Body.WriteAsync("\n\n"u8.ToArray(), cancel);
    }
}
