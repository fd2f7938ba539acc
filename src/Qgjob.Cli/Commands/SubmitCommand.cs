using System.CommandLine;
using Qgjob.Cli.Output;
using Qgjob.Cli.Submission;
using Qgjob.Cli.Watching;
using Qgjob.Client.Projects;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class SubmitCommand
{
    public static Command Create(Bind bind)
    {
        var options = new SubmitOptions();
        var watching = new WatchOptions("--wait-timeout");
        var command = new Command("submit", "Submits tests to run against an app version");
        options.AddTo(command);
        watching.AddTo(command);
        bind(command, async (call, cancel) =>
        {
            var watch = call.Value(options.Wait) ? watching.Read(call) : watching.RefuseWithoutWait(call);
            var folder = SubmittedProject.Find(call.World.CurrentFolder, call.Value(options.Project), call.Value(options.Config));
            var run = options.Read(call, folder ?? call.World.CurrentFolder);
            var sources = folder is null ? null : ProjectSources.Read(folder, call.Values(options.Include));
            foreach (var warning in sources?.Warnings ?? []) call.Err.WriteLine(SafeText.Line(warning));
            if (folder is null)
                call.Err.WriteLine("No AppWright project here: the agents look the tests up in their own --workspace. Name one with --project.");
            run = run with
            {
                Config = run.Config is { } config && sources is not null ? SubmittedProject.ConfigIn(sources, config, call.World.CurrentFolder) : run.Config,
                Tests = sources is null
                    ? TestFiles.WithoutProject(call.Values(options.Tests), call.World.CurrentFolder)
                    : TestFiles.InProject(call.Values(options.Tests), call.World.CurrentFolder, folder!, sources.OfProject),
            };
            if (run.Split is { } parts && sources is not null)
            {
                Splitting.RefuseDependent(run.Tests, sources.OfProject);
                if (parts is not SplitConverter.Auto && Splitting.IsFullyParallel(run.Config, sources.OfProject)) run = run with { Shard = true };
            }
            if (folder is not null) run = run with { Owners = OwnersOfTests.Read(folder, run.Tests!, line => call.Err.WriteLine(SafeText.Line(line))) };
            if (call.Value(options.List)) return await PlanView.ShowAsync(call, run, folder, sources?.Files.Count, cancel).ConfigureAwait(false);
            if (call.Value(options.App) is { } app)
            {
                var stored = await BuildUpload.EnsureAsync(call, run.OrgId!, run.AppVersionId!, app, cancel).ConfigureAwait(false);
                if (!stored.Created) call.Err.WriteLine($"the server has this build: {Words.Of(stored.Build.Platform)} {SafeText.Line(stored.Build.PackageId)}");
            }
            if (sources is not null) run = run with { BundleSha256 = await BundleUpload.EnsureAsync(call, run.OrgId!, sources.Files, cancel).ConfigureAwait(false) };
            var key = call.Value(options.IdempotencyKey) ?? call.World.Ids.NewId("k");
            var accepted = await call.Client.SubmitAsync(run, key, cancel).ConfigureAwait(false);
            foreach (var note in accepted.Notes ?? []) call.Err.WriteLine(SafeText.Line(note));
            if (!call.Json) ShowIds(call, accepted, run, hints: watch is null);
            else if (watch is null)
                call.WriteJson("submitted", new SubmittedDocument(
                    accepted.RunId, accepted.JobIds, run.Tests!, run.OrgId!, run.AppVersionId!, key, accepted.Repeated, run.BundleSha256, accepted.Notes, accepted.Unmatched, accepted.Devices, accepted.Parts), CliJson.Default.SubmittedDocument);
            if (watch is null) call.GitHub?.Begin(call, accepted.RunId);
            return watch is null ? ExitCode.Passed : await RunWatch.WatchAsync(call, accepted.RunId, watch, cancel).ConfigureAwait(false);
        });
        return command;
    }

    private static void ShowIds(Call call, RunAccepted accepted, SubmitRun run, bool hints)
    {
        if (accepted.Repeated) call.Err.WriteLine("This idempotency key was used before: nothing new was submitted.");
        call.Out.WriteLine($"run {accepted.RunId}");
        var variants = accepted.Devices?.Count ?? Math.Max(1, run.Platforms?.Count ?? 1);
        for (var i = 0; i < accepted.JobIds.Count; i++)
        {
            var test = accepted.Parts is { } parts ? TestSlice.NameOf(parts[i].TestPath, parts[i].Slice)
                : run.Split is null && accepted.JobIds.Count == run.Tests!.Count * variants ? run.Tests[i / variants]
                : "";
            var device = accepted.Devices is { } devices ? $" on {devices[i % variants]}" : "";
            call.Out.WriteLine($"job {accepted.JobIds[i]} {SafeText.Line(test + device)}".TrimEnd());
        }
        if (!hints) return;
        call.Err.WriteLine($"Where it stands:  qgjob status --{(accepted.JobIds.Count == 1 ? $"job-id={accepted.JobIds[0]}" : $"run-id={accepted.RunId}")}");
        call.Err.WriteLine($"Watch it:         qgjob wait {accepted.RunId}");
    }
}
