using System.Diagnostics;
using Qgjob.Agent.Android;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Gateway;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Toolchain;
using Qgjob.Core.Apps;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>Runs one AppWright test file on one phone, from the build to the verdict. Shared by all of an agent's phones.</summary>
internal sealed class AppWrightRunner(
    AppiumServers appium, Installer installer, AndroidSdk sdk, AppiumToolchain toolchain, TimeProvider time)
{
    private readonly ProjectLists projects = new(time);

    /// <summary>Never throws for what a project, a phone or a limit does; cancelling ends it as canceled.</summary>
    public async Task<AttemptEnded> RunAsync(AppWrightRun run, IAttemptSink sink, CancellationToken cancel)
    {
        Directory.CreateDirectory(run.OutFolder);
        using var output = new AttemptOutput(sink, Path.Combine(run.OutFolder, "output.log"));
        using var files = AttemptFiles.Write();
        var figures = new AttemptFigures();
        // From the start: what the phone says of an installation counts, too.
        var evidence = new AttemptEvidence(run.Device, run.OutFolder, files.Closing, run.Video, time, output.Log);
        await using var _ = evidence.ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, run.DeviceLost);
        (AttemptOutcome, string?) end;
        var testing = new TestRun(run, files, output, figures, evidence, appium, installer, time);
        try
        {
            end = await TryAsync(run, files, output, figures, testing, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (run.DeviceLost.IsCancellationRequested)
        {
            end = (AttemptOutcome.Infra, $"The phone {run.Device.Serial} is gone.");
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            end = (AttemptOutcome.Canceled, "Canceled.");
        }
        catch (ProjectErrorException e)
        {
            end = (AttemptOutcome.ProjectError, e.Message);
        }
        catch (InvalidApkException e)
        {
            end = (AttemptOutcome.ProjectError, $"The build is no APK: {e.Message}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException or TimeoutException or System.ComponentModel.Win32Exception)
        {
            end = (AttemptOutcome.Infra, e.Message);
        }

        if (end.Item2 is { } reason) output.Log($"qgjob: {reason}");
        await evidence.DisposeAsync().ConfigureAwait(false);
        if (end.Item1 is AttemptOutcome.Passed or AttemptOutcome.Skipped && testing.Tests.All(t => t.Status != TestStatus.Flaky)) evidence.DropVideo();
        output.Dispose(); // Before the files are listed.
        return new AttemptEnded(
            end.Item1, end.Item2, testing.Tests, figures.Installs, figures.InstallTime.TotalSeconds, figures.RunTime.TotalSeconds,
            [.. Directory.EnumerateFiles(run.OutFolder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)],
            figures.Build?.Sha256, figures.Build?.PackageId)
        { SessionSeconds = figures.SessionTime?.TotalSeconds, ErrorOutside = testing.ErrorOutside };
    }

    private async Task<(AttemptOutcome, string?)> TryAsync(
        AppWrightRun run, AttemptFiles files, AttemptOutput output, AttemptFigures figures, TestRun testing, CancellationToken cancel)
    {
        var project = PlaywrightProject.Find(run.ProjectFolder, run.ConfigFile);
        if (AppWrightVersions.Check(project) is { } unfit) return (AttemptOutcome.ProjectError, unfit);
        var testFile = Path.GetFullPath(run.TestFile, run.ProjectFolder);
        if (!File.Exists(testFile)) throw new ProjectErrorException($"The project has no file {run.TestFile}.");

        if (run.Tests?.Slice is not null && DependentTests.Find(await File.ReadAllTextAsync(testFile, cancel).ConfigureAwait(false)) is var (line, what))
            throw new ProjectErrorException($"{run.TestFile}:{line} says '{what}': its tests build upon one another, so the file cannot be divided. Submit it without --split.");

        // Appium takes seconds to start; let it do so while the config is read and the build installed.
        var warm = WarmAsync(run, cancel);
        var process = new TestProcess(run, project, files, sdk, toolchain);
        var projects = await this.projects.GetAsync(project, process, files, output.Log, cancel).ConfigureAwait(false);
        var chosen = ProjectChoice.Choose(projects, run.Project, "android", run.IsEmulator) switch
        {
            Chosen(var fitting) => fitting,
            NotChosen(var reason) => throw new ProjectErrorException(reason),
            _ => throw new UnreachableException(),
        };
        var build = run.Build ?? await BuildOfAsync(run, chosen, cancel).ConfigureAwait(false);
        figures.Build = build;
        if (await InstallAsync(run, build, output, figures, cancel).ConfigureAwait(false) is { } failed) return failed;
        await warm.ConfigureAwait(false);
        var end = await testing.RunAsync(process, chosen, build, cancel).ConfigureAwait(false);
        return AppWrightVersions.Explain(project, [output.Tail, end.Item2, .. testing.Tests.Select(t => t.Error)]) is { } cause ? (AttemptOutcome.ProjectError, cause) : end;
    }

    private async Task WarmAsync(AppWrightRun run, CancellationToken cancel)
    {
        try
        {
            await appium.GetAsync(run.Device, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The gateway will try again and report what is wrong.
        }
    }

    private static async Task<BuildFile> BuildOfAsync(AppWrightRun run, ConfiguredProject chosen, CancellationToken cancel)
    {
        if (chosen.BuildPath is not { Length: > 0 } path)
        {
            throw new ProjectErrorException("No build was given, and the config names none (buildPath). Give one with --app.");
        }

        var file = Path.GetFullPath(path, run.ProjectFolder);
        return File.Exists(file)
            ? await BuildFile.ReadAsync(file, cancel).ConfigureAwait(false)
            : throw new ProjectErrorException($"No build was given, and the config's buildPath ({path}) is not there. Give one with --app.");
    }

    private async Task<(AttemptOutcome, string?)?> InstallAsync(
        AppWrightRun run, BuildFile build, AttemptOutput output, AttemptFigures figures, CancellationToken cancel)
    {
        using var clock = new CancellationTokenSource(run.Limits.Install, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        try
        {
            var outcome = await installer.EnsureAsync(run.Device, run.DeviceKey, build, () => output.Report(new Installing()), either.Token).ConfigureAwait(false);
            switch (outcome)
            {
                case BuildReady(true, var duration):
                    figures.AddInstall(duration);
                    output.Report(new Installed(duration.TotalSeconds));
                    return null;
                case InstallFailed(var reason):
                    return (AttemptOutcome.Infra, reason);
                default:
                    return null;
            }
        }
        catch (OperationCanceledException) when (clock.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            return (AttemptOutcome.InstallLimit, $"The installation took more than {LimitWatch.Text(run.Limits.Install)}.");
        }
    }
}
