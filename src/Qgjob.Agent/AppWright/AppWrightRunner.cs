using System.Diagnostics;
using Qgjob.Agent.Android;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Gateway;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Toolchain;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>Runs one AppWright test file on one phone, from the build to the verdict. Shared by all of an agent's phones.</summary>
internal sealed class AppWrightRunner(
    AppiumServers appium, Installer installer, AndroidSdk sdk, AppiumToolchain toolchain, ProjectLists projects, TimeProvider time)
{
    /// <summary>Never throws for what a project, a phone or a limit does; cancelling ends it as canceled.</summary>
    public async Task<AttemptEnded> RunAsync(AppWrightRun run, PhonePlace phone, IAttemptSink sink, CancellationToken cancel)
    {
        Directory.CreateDirectory(run.OutFolder);
        using var output = new AttemptOutput(sink, Path.Combine(run.OutFolder, "output.log"));
        using var files = AttemptFiles.Write();
        var figures = new AttemptFigures();
        // From the start: what the phone says of an installation counts, too.
        var evidence = new AttemptEvidence(phone.Device, run.OutFolder, files.Closing, run.Video, time, output.Log);
        await using var _ = evidence.ConfigureAwait(false);
        var testing = new TestRun(run, phone, files, output, figures, evidence, appium, installer, time);
        var end = await AttemptFrame.GuardAsync(
            c => TryAsync(run, phone, files, output, figures, testing, c), (phone.Lost, $"The phone {phone.Device.Serial} is gone."), cancel).ConfigureAwait(false);
        if (end.Item2 is { } reason) output.Log($"qgjob: {reason}");
        await evidence.DisposeAsync().ConfigureAwait(false);
        if (end.Item1 is AttemptOutcome.Passed or AttemptOutcome.Skipped && testing.Tests.All(t => t.Status != TestStatus.Flaky)) evidence.DropVideo();
        output.Dispose(); // Before the files are listed.
        return figures.Ended(end, testing.Tests, run.OutFolder) with { ErrorOutside = testing.ErrorOutside };
    }

    private async Task<(AttemptOutcome, string?)> TryAsync(
        AppWrightRun run, PhonePlace phone, AttemptFiles files, AttemptOutput output, AttemptFigures figures, TestRun testing, CancellationToken cancel)
    {
        var project = await ProjectOfAsync(run, cancel).ConfigureAwait(false);
        // Appium takes seconds to start; let it do so while the config is read and the build installed.
        var warm = WarmAsync(phone, cancel);
        var process = new TestProcess(run, project, files, toolchain.Node, Variables(phone));
        var chosen = await ChooseAsync(projects, run, project, process, files, output, phone.IsEmulator ? "emulator" : "local-device", cancel).ConfigureAwait(false);
        var build = run.Build ?? await BuildOfAsync(run, chosen, cancel).ConfigureAwait(false);
        figures.Build = build;
        if (await InstallAsync(run, phone, build, output, figures, cancel).ConfigureAwait(false) is { } failed) return failed;
        await warm.ConfigureAwait(false);
        var end = await testing.RunAsync(process, chosen, build, cancel).ConfigureAwait(false);
        return Explain(project, output, testing.Tests, end);
    }

    /// <exception cref="ProjectErrorException">The project cannot be run as it is.</exception>
    public static async Task<PlaywrightProject> ProjectOfAsync(AppWrightRun run, CancellationToken cancel)
    {
        var project = PlaywrightProject.Find(run.ProjectFolder, run.ConfigFile);
        if (AppWrightVersions.Check(project) is { } unfit) throw new ProjectErrorException(unfit);
        var testFile = Path.GetFullPath(run.TestFile, run.ProjectFolder);
        if (!File.Exists(testFile)) throw new ProjectErrorException($"The project has no file {run.TestFile}.");
        return run.Tests?.Slice is not null && DependentTests.Find(await File.ReadAllTextAsync(testFile, cancel).ConfigureAwait(false)) is var (line, what)
            ? throw new ProjectErrorException($"{run.TestFile}:{line} says '{what}': its tests build upon one another, so the file cannot be divided. Submit it without --split.")
            : project;
    }

    /// <exception cref="ProjectErrorException">None of the config's projects is the one.</exception>
    public static async Task<ConfiguredProject> ChooseAsync(
        ProjectLists projects, AppWrightRun run, PlaywrightProject project, TestProcess process, AttemptFiles files, AttemptOutput output, string provider, CancellationToken cancel) =>
        ProjectChoice.Choose(await projects.GetAsync(project, process, files, output.Log, cancel).ConfigureAwait(false), run.Project, "android", provider) switch
        {
            Chosen(var fitting) => fitting,
            NotChosen(var reason) => throw new ProjectErrorException(reason),
            _ => throw new UnreachableException(),
        };

    /// <summary>An end that the versions of AppWright and Playwright explain is the project's.</summary>
    public static (AttemptOutcome, string?) Explain(PlaywrightProject project, AttemptOutput output, IReadOnlyList<TestResult> tests, (AttemptOutcome, string?) end) =>
        AppWrightVersions.Explain(project, [output.Tail, end.Item2, .. tests.Select(t => t.Error)]) is { } cause ? (AttemptOutcome.ProjectError, cause) : end;

    private PlaceVariables Variables(PhonePlace phone) => new(
        new Dictionary<string, string?>(sdk.Environment)
        {
            ["ANDROID_ADB_SERVER_PORT"] = phone.Device.AdbPort.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["QGJOB_UDID"] = phone.Device.Serial,
        },
        [Path.GetDirectoryName(sdk.Adb)!]);

    private async Task WarmAsync(PhonePlace phone, CancellationToken cancel)
    {
        try
        {
            await appium.GetAsync(phone.Device, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The gateway will try again and report what is wrong.
        }
    }

    /// <summary>The build that the config names.</summary>
    public static async Task<BuildFile> BuildOfAsync(AppWrightRun run, ConfiguredProject chosen, CancellationToken cancel)
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
        AppWrightRun run, PhonePlace phone, BuildFile build, AttemptOutput output, AttemptFigures figures, CancellationToken cancel)
    {
        using var clock = new CancellationTokenSource(run.Limits.Install, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        try
        {
            var outcome = await installer.EnsureAsync(phone.Device, run.DeviceKey, build, () => output.Report(new Installing()), either.Token).ConfigureAwait(false);
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
