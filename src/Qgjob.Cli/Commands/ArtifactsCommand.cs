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
        var download = new Option<string?>("--download") { Description = "Save the files in this folder, by attempt", HelpName = "DIR" };
        var command = new Command("artifacts", "Lists or saves the files that a job left: the JUnit, JSON and blob reports and Appium's log; 'qgjob logs' has its own") { id, download };
        bind(command, async (call, cancel) =>
        {
            var job = Ids.RequireJob(call.Value(id)!);
            if (await call.Client.FindJobAsync(job, cancel).ConfigureAwait(false) is null) throw Ids.UnknownJob(job);
            var list = await call.Client.ListArtifactsAsync(job, cancel).ConfigureAwait(false);
            if (call.Value(download) is { } folder) await DownloadAsync(call, job, list.Items, folder, cancel).ConfigureAwait(false);
            else if (call.Json) call.WriteJson("artifacts", list, WireJson.Default.ListOfArtifactView);
            else
                Columns.Write(call, ["ATTEMPT", "BYTES", "TYPE", "NAME"],
                    list.Items.Select(a => (IReadOnlyList<string?>)[$"{a.Attempt}", $"{a.SizeBytes}", a.ContentType, a.Name]));
            return ExitCode.Passed;
        });
        return command;
    }

    private static async Task DownloadAsync(Call call, string job, IReadOnlyList<ArtifactView> artifacts, string folder, CancellationToken cancel)
    {
        var root = Path.GetFullPath(folder, call.World.CurrentFolder);
        var saved = new List<string>();
        foreach (var artifact in artifacts)
        {
            var target = Path.GetFullPath(Path.Combine(root, $"attempt-{artifact.Attempt}", artifact.Name));
            // Names come from an agent; none may lead out of the folder.
            if (!target.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new CliException(ExitCode.General, $"The file name '{artifact.Name}' would leave {root}.");
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var response = await call.Client.OpenArtifactAsync(job, artifact.Attempt, artifact.Name, cancel).ConfigureAwait(false);
            var file = File.Create(target);
            await using (file.ConfigureAwait(false)) await response.Content.CopyToAsync(file, cancel).ConfigureAwait(false);
            saved.Add(target);
            if (!call.Json) call.Out.WriteLine(target);
        }
        if (call.Json) call.WriteJson("downloaded", new FilesDocument(job, saved), CliJson.Default.FilesDocument);
    }
}
