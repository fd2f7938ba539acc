using System.Globalization;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Installs;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Agent.BrowserStack;

/// <summary>Runs one AppWright test file on one of BrowserStack's phones, from the upload to the verdict. Shared by all slots.</summary>
/// <param name="node">The node program.</param>
internal sealed class CloudRunner(BrowserStackClient client, CloudHub hub, SlotBook slots, CloudBuilds builds, string node, ProjectLists projects, TimeProvider time)
{
    private static readonly PlaceVariables Variables = new(
        // AppWright insists on both; the gateway puts the real ones in.
        new Dictionary<string, string?> { [BrowserStackAccount.UserVariable] = "qgjob", [BrowserStackAccount.KeyVariable] = "gateway" }, []);

    /// <summary>Never throws for what a project, BrowserStack or a limit does; cancelling ends it as canceled.</summary>
    public async Task<AttemptEnded> RunAsync(AppWrightRun run, CloudPlace place, IAttemptSink sink, CancellationToken cancel)
    {
        Directory.CreateDirectory(run.OutFolder);
        using var output = new AttemptOutput(sink, Path.Combine(run.OutFolder, "output.log"));
        using var files = AttemptFiles.Write();
        var figures = new AttemptFigures();
        var follower = new TestFollower(run, files, output, figures, time);
        var evidence = new CloudEvidence(client, run, time);
        var end = await AttemptFrame.GuardAsync(c => TryAsync(run, place, files, output, figures, follower, evidence, c), lost: null, cancel).ConfigureAwait(false);
        if (end.Item2 is { } reason) output.Log($"qgjob: {reason}");
        output.Dispose(); // Before the files are listed.
        var tests = follower.Tests;
        evidence.Judge(end.Item1, end.Item2, tests.Any(t => t.Status == TestStatus.Flaky));
        return figures.Ended(end, tests, run.OutFolder) with
        {
            ErrorOutside = follower.ErrorOutside,
            CloudSeconds = evidence.SessionSeconds,
            Later = evidence.CollectAsync,
        };
    }

    private async Task<(AttemptOutcome, string?)> TryAsync(
        AppWrightRun run, CloudPlace place, AttemptFiles files, AttemptOutput output, AttemptFigures figures, TestFollower follower, CloudEvidence evidence, CancellationToken cancel)
    {
        var project = await AppWrightRunner.ProjectOfAsync(run, cancel).ConfigureAwait(false);
        var process = new TestProcess(run, project, files, node, Variables);
        var chosen = await AppWrightRunner.ChooseAsync(projects, run, project, process, files, output, "browserstack", cancel).ConfigureAwait(false);
        if (DeviceFor(place, chosen) is not { } device)
            return (AttemptOutcome.Infra, $"BrowserStack has no phone for {place.Needs}; it may have had one when the job was given to this slot.");
        var build = run.Build ?? await AppWrightRunner.BuildOfAsync(run, chosen, cancel).ConfigureAwait(false);
        figures.Build = build;
        output.Report(new Installing());
        // The time for getting the app onto a phone; here that is the upload, and the wait for a session to put it in.
        using var clock = new CancellationTokenSource(run.Limits.Install, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        string app;
        SlotBook.Reservation reservation;
        try
        {
            app = await builds.EnsureAsync(build, output.Log, either.Token).ConfigureAwait(false);
            reservation = await slots.ReserveAsync(
                plan => output.Log(string.Create(CultureInfo.InvariantCulture, $"qgjob: no parallel session is free at BrowserStack ({plan.ParallelSessionsRunning} of {plan.Most} run, {plan.QueuedSessions} wait); waiting for one")),
                either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (clock.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            return (AttemptOutcome.InstallLimit, $"The build was not at BrowserStack, or no parallel session was free, within {LimitWatch.Text(run.Limits.Install)}.");
        }

        using (reservation)
        {
            output.Log($"qgjob: on BrowserStack's {device}");
            var sessions = new CloudSessions(hub, Wish(run, place, device, app), run.Reset, build.PackageId, () => builds.Forget(build.Sha256), reservation.Note, time);
            evidence.Follow(sessions, device);
            var end = await TestAsync(run, files, follower, process, chosen, build, app, device, sessions, output, cancel).ConfigureAwait(false);
            return AppWrightRunner.Explain(project, output, follower.Tests, end);
        }
    }

    private async Task<(AttemptOutcome, string?)> TestAsync(
        AppWrightRun run, AttemptFiles files, TestFollower follower, TestProcess process, ConfiguredProject chosen, BuildFile build, string app, DeviceModel device,
        CloudSessions sessions, AttemptOutput output, CancellationToken cancel)
    {
        CloudGateway? gateway = null;
        var screenshots = new Screenshots(c => gateway!.CaptureAsync(c), run.OutFolder, files.Closing, time);
        gateway = new CloudGateway(new CloudGatewayPlan(build.PackageId, run.LeaseOver) { BeforeClose = screenshots.BeforeCloseAsync }, hub, sessions, client, time, follower.OnGateway);
        await using (gateway.ConfigureAwait(false))
        {
            output.Report(new Running());
            var tests = process.Test(chosen, app,
            [
                new("QGJOB_CLOUD_PORT", gateway.Port.ToString(CultureInfo.InvariantCulture)), new("QGJOB_CLOUD_DEVICE", device.Model), new("QGJOB_CLOUD_OS", device.OsVersion),
            ]);
            return await follower.RunAsync(tests, chosen, failed => screenshots.EndAsync(failed, CancellationToken.None), cancel).ConfigureAwait(false);
        }
    }

    private DeviceModel? DeviceFor(CloudPlace place, ConfiguredProject chosen) => CloudDeviceChoice.Choose(
        place.Slot, slots.Models, place.Needs, chosen is { DeviceName: { Length: > 0 } name, DeviceOs: { Length: > 0 } os } ? (name, os) : null);

    private static CloudWish Wish(AppWrightRun run, CloudPlace place, DeviceModel device, string app)
    {
        var labels = place.Labels;
        string? Setting(string name) => run.Environment.GetValueOrDefault(name) ?? Environment.GetEnvironmentVariable(name);
        var local = Setting(BrowserStackAccount.LocalVariable) is "true" or "1";
        return new CloudWish(
            device, app, labels.Org, $"{labels.AppVersion} {labels.Run}",
            string.Create(CultureInfo.InvariantCulture, $"{run.TestFile} ({labels.Job}, attempt {labels.Attempt})"),
            run.Video != VideoPolicy.Off, local, local ? Setting(BrowserStackAccount.LocalIdentifierVariable) : null);
    }
}
