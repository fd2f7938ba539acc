using System.IO.Compression;
using System.Net;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Attempts;
using Qgjob.Agent.Leases;
using Qgjob.Agent.Processes;
using Qgjob.Agent.Workspaces;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;

namespace Qgjob.Agent.Reports;

/// <summary>Makes HTML reports of whole runs, one at a time: with the Playwright of the run's own project, beside the attempts.</summary>
internal sealed class ReportMaker(
    AgentClient agent, QgjobClient client, AttemptPreparation preparation, string node, string folder, IAgentConsole console, TimeProvider time, Random random)
{
    private static readonly TimeSpan AliveEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(10);
    private int busy;

    /// <summary>It can take a task.</summary>
    public bool IsFree => Volatile.Read(ref busy) == 0;

    /// <summary>What an earlier start left.</summary>
    public void Sweep()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    /// <summary>Makes the report and tells the server how it went; never throws for what a run, a network or this host does.</summary>
    public async Task MakeAsync(ReportTask task, CancellationToken quit)
    {
        // A second one at the same time was not asked for: the server gives it to somebody else when nobody says that it is alive.
        if (Interlocked.Exchange(ref busy, 1) != 0) return;
        var work = Path.Combine(folder, Path.GetFileName(task.TaskId));
        try
        {
            using var clock = new CancellationTokenSource(TimeSpan.FromSeconds(task.LimitSeconds), time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, quit);
            var alive = SayAliveAsync(task, either);
            try
            {
                Directory.CreateDirectory(work);
                await MakeAsync(task, work, either.Token).ConfigureAwait(false);
                console.Say($"The HTML report of {task.RunId} is made.");
            }
            catch (OperationCanceledException) when (quit.IsCancellationRequested || !clock.IsCancellationRequested)
            {
                // The agent ends, or somebody else has the task.
            }
            catch (Exception e)
            {
                await FailAsync(task, clock.IsCancellationRequested ? $"It was not made within {task.LimitSeconds:0} s." : e.Message, quit).ConfigureAwait(false);
            }
            finally
            {
                await either.CancelAsync().ConfigureAwait(false);
                await alive.ConfigureAwait(false);
            }
        }
        finally
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
            Volatile.Write(ref busy, 0);
        }
    }

    private async Task MakeAsync(ReportTask task, string work, CancellationToken cancel)
    {
        var quiet = new PrepareLog(_ => { }, _ => { });
        using var workspace = await preparation.WorkspaceAsync(task.OrgId, task.BundleSha256, quiet, cancel).ConfigureAwait(false);
        var project = PlaywrightProject.Find(workspace.Folder, task.Config);
        var run = await client.FindRunAsync(task.RunId, cancel).ConfigureAwait(false) ?? throw new InvalidOperationException("The server has lost the run.");
        var results = await client.FindRunResultsAsync(task.RunId, cancel).ConfigureAwait(false) ?? throw new InvalidOperationException("The server has lost the run.");
        var frame = new ReportFrame(workspace.Folder, run.CreatedAt, (run.FinishedAt ?? run.CreatedAt) - run.CreatedAt);
        var downloads = new BlobDownloads(client, Path.Combine(work, "recorded"), time, random);
        await downloads.FetchAsync(results.Jobs, cancel).ConfigureAwait(false);
        var html = Path.Combine(work, "html");
        if (await MergeAsync(downloads.Of).ConfigureAwait(false) is { } trouble)
        {
            // One recording that Playwright chokes on must not cost the report: from the results alone it can always be made.
            console.Warn($"{task.RunId}: Playwright cannot merge what its attempts recorded, so their details are left out: {trouble}");
            if (await MergeAsync(_ => []).ConfigureAwait(false) is { } again) throw new InvalidOperationException($"Playwright cannot make the report: {again}");
        }

        var zip = Path.Combine(work, "report.zip");
        ZipFile.CreateFromDirectory(html, zip, CompressionLevel.Fastest, includeBaseDirectory: false);
        await UploadAsync(task, zip, cancel).ConfigureAwait(false);

        async Task<string?> MergeAsync(Func<JobResults, IReadOnlyList<string>> recorded)
        {
            var blobs = Path.Combine(work, "blobs");
            if (Directory.Exists(blobs)) Directory.Delete(blobs, recursive: true);
            Directory.CreateDirectory(blobs);
            WriteBlobs(results, recorded, frame, blobs, task.MaxBytes);
            var ended = await ShortRun.RunAsync(Merge(project, blobs, html), TimeSpan.FromSeconds(task.LimitSeconds), null, time, cancel).ConfigureAwait(false);
            return ended.ExitCode == 0 && File.Exists(Path.Combine(html, "index.html")) ? null : ended.Output.Trim();
        }
    }

    internal static void WriteBlobs(RunResults results, Func<JobResults, IReadOnlyList<string>> recorded, ReportFrame frame, string folder, long maxBytes)
    {
        var room = new AttachmentRoom(maxBytes);
        for (var i = 0; i < results.Jobs.Count; i++)
        {
            var job = results.Jobs[i];
            var open = recorded(job).Select(f => RecordedBlob.Open(f, job.TestPath)).OfType<RecordedBlob>().ToList();
            try
            {
                // Playwright takes them in the order of their names, which so is the order of submission.
                new JobBlob(job, frame, i, room).Write(Path.Combine(folder, $"job-{i:000000}.zip"), open);
            }
            finally
            {
                foreach (var blob in open) blob.Dispose();
            }
        }
    }

    private ProcessSpec Merge(PlaywrightProject project, string blobs, string html)
    {
        var environment = new Dictionary<string, string?>();
        // The agent's own settings, its token among them, are none of the project's business.
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
            if (name.StartsWith("QGJOB_", StringComparison.Ordinal)) environment[name] = null;
        // Newer versions read the first, older ones the second.
        environment["PLAYWRIGHT_HTML_OUTPUT_DIR"] = environment["PLAYWRIGHT_HTML_REPORT"] = html;
        environment["PLAYWRIGHT_HTML_OPEN"] = "never";
        environment["CI"] = "1";
        return new ProcessSpec(node, [project.Cli, "merge-reports", "--reporter", "html", blobs], project.Folder, environment, ProcessMark.Once("report"));
    }

    private async Task UploadAsync(ReportTask task, string zip, CancellationToken cancel)
    {
        var backoff = new Backoff(time, random);
        while (true)
        {
            try
            {
                var source = File.OpenRead(zip);
                await using (source.ConfigureAwait(false))
                {
                    using var content = new StreamContent(source);
                    await agent.PutReportAsync(task.TaskId, content, cancel).ConfigureAwait(false);
                    return;
                }
            }
            catch (Exception e) when (e is ApiException { IsFinal: false } or ServerUnreachableException)
            {
                await backoff.WaitAsync(e, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task SayAliveAsync(ReportTask task, CancellationTokenSource making)
    {
        try
        {
            while (true)
            {
                await Task.Delay(AliveEvery, time, making.Token).ConfigureAwait(false);
                try
                {
                    await agent.ReportAliveAsync(task.TaskId, making.Token).ConfigureAwait(false);
                }
                catch (ApiException e) when (e.Status is HttpStatusCode.Conflict)
                {
                    await making.CancelAsync().ConfigureAwait(false);
                }
                catch (Exception e) when (e is ApiException or ServerUnreachableException)
                {
                    // The next time, perhaps.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Made, or not needed any more.
        }
    }

    private async Task FailAsync(ReportTask task, string reason, CancellationToken quit)
    {
        console.Warn($"The HTML report of {task.RunId} could not be made: {reason.Split('\n')[0]}");
        using var limit = new CancellationTokenSource(LastWord, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, quit);
        try
        {
            await agent.ReportFailedAsync(task.TaskId, reason, either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ApiException or ServerUnreachableException or OperationCanceledException)
        {
            // The server notices the silence.
        }
    }
}
