using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class ArtifactsCommand
{
    public static Command Create(Bind bind)
    {
        var id = new Argument<string>("job") { Description = "The job" };
        var download = new Option<string?>("--download") { Description = "Save the files in this folder, by attempt, with each attempt's log", HelpName = "DIR" };
        var command = new Command("artifacts", "Lists or saves the files that a job's attempts left: screenshots, video, the phone's log, Appium's log, reports; 'qgjob logs' has the log itself") { id, download };
        bind(command, async (call, cancel) =>
        {
            var job = Ids.RequireJob(call.Value(id)!);
            var found = await call.Client.FindJobAsync(job, cancel).ConfigureAwait(false) ?? throw Ids.UnknownJob(job);
            var list = await call.Client.ListArtifactsAsync(job, cancel).ConfigureAwait(false);
            if (call.Value(download) is { } folder) await DownloadAsync(call, found, list.Items, folder, cancel).ConfigureAwait(false);
            else if (call.Json) call.WriteJson("artifacts", list, WireJson.Default.ListOfArtifactView);
            else
                Columns.WriteWithSentence(call, ["ATTEMPT", "BYTES", "TYPE", "NAME", "NOTE"],
                    list.Items.Select(a => (IReadOnlyList<string?>)[$"{a.Attempt}", $"{a.SizeBytes}", a.ContentType, a.Name, a.Note]));
            return ExitCode.Passed;
        });
        return command;
    }

    /// <summary>A part of the name as this system can have it: tests run elsewhere.</summary>
    private static string FileName(string part) => string.Concat(part.Select(c => Array.IndexOf(Path.GetInvalidFileNameChars(), c) < 0 ? c : '_'));

    private static async Task DownloadAsync(Call call, JobView job, IReadOnlyList<ArtifactView> artifacts, string folder, CancellationToken cancel)
    {
        var root = Path.GetFullPath(folder, call.World.CurrentFolder);
        var saved = new List<string>();
        foreach (var artifact in artifacts)
        {
            if (artifact.Note is { } note)
            {
                call.Err.WriteLine(SafeText.Line($"attempt {artifact.Attempt}, {artifact.Name}: {note}"));
                continue;
            }
            var target = Path.GetFullPath(Path.Combine([root, $"attempt-{artifact.Attempt}", .. artifact.Name.Split('/').Select(FileName)]));
            // Names come from an agent; none may lead out of the folder.
            if (!target.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new CliException(ExitCode.General, $"The file name '{artifact.Name}' would leave {root}.");
            using var response = await call.Client.OpenArtifactAsync(job.JobId, artifact.Attempt, artifact.Name, cancel).ConfigureAwait(false);
            await SaveAsync(response, target).ConfigureAwait(false);
        }
        for (var attempt = 1; attempt <= job.Attempt; attempt++)
        {
            using var log = await call.Client.OpenLogAsync(job.JobId, attempt, follow: false, 0, cancel).ConfigureAwait(false);
            await SaveAsync(log, Path.Combine(root, $"attempt-{attempt}", "log.txt")).ConfigureAwait(false);
        }
        if (call.Json) call.WriteJson("downloaded", new FilesDocument(job.JobId, saved), CliJson.Default.FilesDocument);

        async Task SaveAsync(HttpResponseMessage response, string target)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            var file = File.Create(target);
            await using (file.ConfigureAwait(false)) await response.Content.CopyToAsync(file, cancel).ConfigureAwait(false);
            saved.Add(target);
            if (!call.Json) call.Out.WriteLine(target);
        }
    }
}
