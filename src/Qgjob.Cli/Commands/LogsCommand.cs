using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text;
using Qgjob.Cli.Output;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class LogsCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AwayLimit = TimeSpan.FromMinutes(5);

    public static Command Create(Bind bind)
    {
        var id = new Argument<string>("job") { Description = "The job" };
        var follow = new Option<bool>("--follow", "-f") { Description = "Stay until the job ends and print what comes" };
        var attempt = new Option<int?>("--attempt") { Description = "The attempt; the latest unless told", HelpName = "N" };
        var command = new Command("logs", "Prints a job's log") { id, follow, attempt };
        bind(command, async (call, cancel) =>
        {
            var job = Ids.RequireJob(call.Value(id)!);
            if (await call.Client.FindJobAsync(job, cancel).ConfigureAwait(false) is not { } found) throw Ids.UnknownJob(job);
            if (call.Value(attempt) is { } asked && (asked < 1 || (asked > found.Attempt && (found.FinishedAt is not null || !call.Value(follow)))))
                throw CliException.Usage($"--attempt: {job} has {(found.Attempt == 0 ? "no attempt yet" : Quantity.Of(found.Attempt, "attempt"))}.", $"'qgjob status {job}' shows them.");
            var memory = call.Json ? new MemoryStream() : null;
            var output = memory ?? call.World.OpenOut();
            await using (output.ConfigureAwait(false))
            {
                if (call.Value(follow)) await FollowAsync(call, found, call.Value(attempt), output, cancel).ConfigureAwait(false);
                else if (found.Attempt > 0) await CopyAsync(call, job, call.Value(attempt), false, 0, output, cancel).ConfigureAwait(false);
                else call.Err.WriteLine($"{job} has not started yet: no log. Add -f to wait for it.");
                if (memory is not null)
                    call.WriteJson("log", new LogDocument(job, call.Value(attempt), Encoding.UTF8.GetString(memory.ToArray())), CliJson.Default.LogDocument);
            }
            return ExitCode.Passed;
        });
        return command;
    }

    /// <summary>Follows one attempt after the other; a broken connection is taken up where it broke.</summary>
    private static async Task FollowAsync(Call call, JobView job, int? only, Stream output, CancellationToken cancel)
    {
        var attempt = only ?? Math.Max(1, job.Attempt);
        long offset = 0;
        var told = false;
        var lastAnswer = call.World.Time.GetTimestamp();
        while (true)
        {
            try
            {
                if (job.Attempt >= attempt)
                {
                    offset += await CopyAsync(call, job.JobId, attempt, true, offset, output, cancel).ConfigureAwait(false);
                    lastAnswer = call.World.Time.GetTimestamp();
                }
                else if (!told)
                {
                    call.Err.WriteLine($"{job.JobId} waits for a device{(job.Reason is null ? "" : ": " + SafeText.Line(job.Reason))}");
                    told = true;
                }
                job = await call.Client.FindJobAsync(job.JobId, cancel).ConfigureAwait(false) ?? throw Ids.UnknownJob(job.JobId);
                lastAnswer = call.World.Time.GetTimestamp();
                var ended = job.FinishedAt is not null || job.Attempt > attempt;
                if (ended && (only is not null || job.Attempt <= attempt))
                {
                    // The last bytes may have been written between the stream's end and the job's.
                    if (job.Attempt >= attempt) await CopyAsync(call, job.JobId, attempt, false, offset, output, cancel).ConfigureAwait(false);
                    return;
                }
                if (ended)
                {
                    (attempt, offset) = (attempt + 1, 0);
                    call.Err.WriteLine(string.Create(CultureInfo.InvariantCulture, $"-- attempt {attempt} --"));
                    continue;
                }
            }
            catch (Exception e) when ((e is ServerUnreachableException or IOException or HttpRequestException
                    || e is ApiException { Status: >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests })
                && call.World.Time.GetElapsedTime(lastAnswer) < AwayLimit)
            {
                // The server may be restarting; the offset says where to go on.
            }
            await Task.Delay(Pause, call.World.Time, cancel).ConfigureAwait(false);
        }
    }

    private static async Task<long> CopyAsync(Call call, string job, int? attempt, bool follow, long offset, Stream output, CancellationToken cancel)
    {
        using var response = await call.Client.OpenLogAsync(job, attempt, follow, offset, cancel).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        var buffer = new byte[16 << 10];
        long copied = 0;
        while (true)
        {
            int read;
            try
            {
                read = await stream.ReadAsync(buffer, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (follow && e is IOException or HttpRequestException)
            {
                return copied;
            }
            if (read == 0) return copied;
            await output.WriteAsync(buffer.AsMemory(0, read), cancel).ConfigureAwait(false);
            await output.FlushAsync(cancel).ConfigureAwait(false);
            copied += read;
        }
    }
}
