using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Qgjob.Lifecycle.Wire;

namespace Qgjob.Lifecycle.Load;

/// <summary>Who submits runs and waits for them. Submissions are of 50 orgs with four app versions each.</summary>
internal sealed class Clients(IPEndPoint server)
{
    private const int Orgs = 50;
    private const int AppVersions = 200;
    private const int TestFiles = 1000;
    private int next;

    /// <summary>One job after the other per client: submitted, waited for, seen to have passed.</summary>
    public Task OneByOneAsync(int clients, int jobs, CancellationToken cancel)
    {
        var left = jobs;
        return AllAsync(clients, async link =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await SeePassedAsync(link, await SubmitAsync(link, 1, cancel), 1, cancel);
        }, cancel);
    }

    /// <summary>Many jobs per submission, so many calls at a time, whatever became of earlier ones; then every run is seen to have passed.</summary>
    public async Task BatchesAsync(int inFlight, int jobs, int jobsPerRun, CancellationToken cancel)
    {
        var left = jobs / jobsPerRun;
        var runs = new ConcurrentQueue<string>();
        await AllAsync(inFlight, async link =>
        {
            while (Interlocked.Decrement(ref left) >= 0) runs.Enqueue(await SubmitAsync(link, jobsPerRun, cancel));
        }, cancel);
        await AllAsync(inFlight, async link =>
        {
            while (runs.TryDequeue(out var run)) await SeePassedAsync(link, run, jobsPerRun, cancel);
        }, cancel);
    }

    /// <summary>Submissions at a steady rate, whether or not the server keeps up, by as many connections as that takes.</summary>
    public Task PacedAsync(int perSecond, TimeSpan length, int connections, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        var total = (int)(perSecond * length.TotalSeconds);
        var turn = -1;
        return AllAsync(connections, async link =>
        {
            int mine;
            while ((mine = Interlocked.Increment(ref turn)) < total)
            {
                var wait = TimeSpan.FromSeconds((double)mine / perSecond) - Stopwatch.GetElapsedTime(began);
                if (wait > TimeSpan.Zero) await Task.Delay(wait, TimeProvider.System, cancel);
                await SubmitAsync(link, 1, cancel);
            }
        }, cancel);
    }

    /// <summary>Submissions with pauses in between, one at a time: the queue is idle whenever one comes.</summary>
    public Task IdleAsync(int jobs, CancellationToken cancel) => AllAsync(1, async link =>
    {
        var dice = new Random(7);
        for (var i = 0; i < jobs; i++)
        {
            await SubmitAsync(link, 1, cancel);
            await Task.Delay(TimeSpan.FromMilliseconds(15 * (1 + (dice.NextDouble() * 2))), TimeProvider.System, cancel);
        }
    }, cancel);

    private async Task<string> SubmitAsync(HttpLink link, int jobs, CancellationToken cancel) =>
        Answers.Text((await link.PostAsync("/api/v1/runs", Submission(Interlocked.Increment(ref next), jobs), cancel)).Expect(201).Span, "run_id"u8);

    private static async Task SeePassedAsync(HttpLink link, string runId, int jobs, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> run;
        string status;
        do
        {
            run = (await link.GetAsync($"/api/v1/runs/{runId}?wait=60", cancel)).Expect(200);
            status = Answers.Text(run.Span, "status"u8);
        }
        while (status is "queued" or "running");
        if (status != "passed" || Answers.Number(run.Span, "jobs"u8, "passed"u8) != jobs)
            throw new InvalidOperationException($"run {runId} ended as: {Encoding.UTF8.GetString(run.Span)}");
    }

    private static string Submission(int number, int jobs)
    {
        var json = new StringBuilder();
        json.Append(CultureInfo.InvariantCulture, $$"""{"org_id":"org-{{number % Orgs}}","app_version_id":"v-{{number % AppVersions}}","target":"device","grep":"{{Stamps.Now()}}","tests":[""");
        for (var i = 0; i < jobs; i++)
            json.Append(i > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"\"tests/suite/case_{(jobs == 1 ? number % TestFiles : i)}.spec.ts\"");
        return json.Append("]}").ToString();
    }

    private async Task AllAsync(int connections, Func<HttpLink, Task> work, CancellationToken cancel)
    {
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            using var link = await HttpLink.OpenAsync(server, cancel);
            await work(link);
        }));
    }
}
