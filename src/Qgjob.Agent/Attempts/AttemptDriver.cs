using System.Collections.Concurrent;
using Qgjob.Agent.AppWright;
using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Emulators;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Leases;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Reporting;
using Qgjob.Agent.Workspaces;
using Qgjob.Client;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Attempts;

/// <summary>Runs a prepared test file where its place is: <see cref="AppWrightRunner"/>, <see cref="CloudRunner"/>, or a stand-in in tests.</summary>
internal delegate Task<AttemptEnded> RunTests(AppWrightRun run, IAttemptSink sink, CancellationToken cancel);

/// <summary>What all attempts of an agent share.</summary>
/// <param name="Folder">Gets a folder for each attempt.</param>
internal sealed record AttemptTools(
    AgentIdentity Identity, AgentClient Client, LeaseKeeper Leases, ProgressSender Progress, Outbox Outbox, PhoneBook Phones, Residents Residents,
    AttemptPreparation Preparation, RunTests RunTests, string Folder, IAgentConsole Console, IIdSource Ids, TimeProvider Time, Random Random)
{
    /// <summary>When the screen's video is kept.</summary>
    public VideoPolicy Video { get; init; } = VideoPolicy.Failure;

    /// <summary>BrowserStack's slots; null when there are none.</summary>
    public SlotBook? Slots { get; init; }

    /// <summary>Emulators that are started when there is work; null when there are none.</summary>
    public EmulatorPool? Emulators { get; init; }
}

/// <summary>Makes one attempt, from the lease's first renewal to the delivered result.</summary>
internal sealed class AttemptDriver(AttemptTools tools)
{
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AftermathLimit = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<string, bool> foldersInUse = new();
    private const int NotesInLog = 50;
    private readonly Leavings leavings = new(tools.Client, tools.Console, tools.Time, tools.Random);

    /// <param name="quit">The agent ends for good: what cannot be delivered stays on disk.</param>
    /// <param name="released">Called when the phone is free for the next attempt; what is left to send may take longer.</param>
    public async Task DriveAsync(HeldLease lease, CancellationToken quit, Action? released = null)
    {
        var folder = Path.GetFullPath(Path.Combine(tools.Folder, $"{lease.Assignment.JobId}-{lease.Assignment.Attempt}-{lease.Ref.Token}"));
        foldersInUse[folder] = true;
        using (var log = new AttemptLog(Leavings.LogOf(folder), tools.Leases.Terms.MaxLogBytes))
            await DriveAsync(lease, folder, log, released, quit).ConfigureAwait(false);
        foldersInUse.TryRemove(folder, out _);
        AttemptFolders.Trim(tools.Folder, AttemptFolders.Kept, f => foldersInUse.ContainsKey(f) || Leavings.IsUnsent(f));
    }

    private async Task DriveAsync(HeldLease lease, string folder, AttemptLog log, Action? released, CancellationToken quit)
    {
        var assignment = lease.Assignment;
        var feed = new AttemptFeed(lease.Ref, assignment.Spec, log, tools.Progress, tools.Residents);
        using var aftermath = CancellationTokenSource.CreateLinkedTokenSource(quit);
        AttemptEnded ended;
        LogUploader uploader;
        Task upload;
        try
        {
            // Before the first renewal the lease may be somebody else's already.
            await WaitAsync(lease.Confirmed).ConfigureAwait(false);
            tools.Console.Say($"{lease.DeviceId}: {Name(assignment.Spec)} ({assignment.JobId}, attempt {assignment.Attempt})");
            leavings.Mark(folder, lease.Ref);
            uploader = new LogUploader(tools.Client, lease.Ref, log, tools.Time, tools.Random);
            upload = uploader.RunAsync(aftermath.Token);
            ended = Judge(lease, lease.Stopped.IsCancellationRequested ? Cut(AttemptOutcome.Canceled, null) : await RunAsync(lease, folder, log, feed).ConfigureAwait(false));
            if (lease.Cause != StopCause.Lost) await ReportAsync(lease, folder, ended, log, feed, upload, quit).ConfigureAwait(false);
            else
            {
                log.Say("Stopped: the server has given the job away.");
                log.Dispose();
                tools.Console.Warn($"{lease.DeviceId}: {Name(assignment.Spec)} was stopped: the server has given the job away.");
            }
        }
        finally
        {
            tools.Leases.LetGo(lease);
            released?.Invoke();
        }

        // Lost attempts leave as much as others: whoever asks why will want it.
        leavings.Mark(folder, lease.Ref, ended: true);
        aftermath.CancelAfter(AftermathLimit);
        await leavings.SendAsync(lease.Ref, folder, tools.Leases.Terms, upload, aftermath.Token, ended.Later).ConfigureAwait(false);
        if ((log.Trouble ?? uploader.Refused) is { } trouble) tools.Console.Warn($"{lease.DeviceId}: the log of {assignment.JobId}, attempt {assignment.Attempt}, is not whole: {trouble}");
    }

    private async Task<AttemptEnded> RunAsync(HeldLease lease, string folder, AttemptLog log, AttemptFeed feed)
    {
        try
        {
            return await RunOnDeviceAsync(lease, folder, log, feed).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lease.Stopped.IsCancellationRequested)
        {
            return Cut(AttemptOutcome.Canceled, null);
        }
        catch (ProjectErrorException e)
        {
            return Cut(AttemptOutcome.ProjectError, e.Message);
        }
        catch (InstallLimitException e)
        {
            return Cut(AttemptOutcome.InstallLimit, e.Message);
        }
        catch (Exception e) when (e is AttemptInfraException or IOException or UnauthorizedAccessException)
        {
            return Cut(AttemptOutcome.Infra, e.Message);
        }
        catch (Exception e)
        {
            // A mistake of ours must not cost the agent, and the device must become free.
            log.Say(e.ToString());
            return Cut(AttemptOutcome.Infra, $"The agent failed: {e.Message}");
        }
    }

    private async Task<AttemptEnded> RunOnDeviceAsync(HeldLease lease, string folder, AttemptLog log, AttemptFeed feed)
    {
        var (assignment, spec, stop) = (lease.Assignment, lease.Assignment.Spec, lease.Stopped);
        if (tools.Emulators is { } emulators) await emulators.EnsureAsync(lease.DeviceId, feed.Say, stop).ConfigureAwait(false);
        var phone = tools.Phones.Find(lease.DeviceId);
        if ((phone?.Offer ?? tools.Slots?.Find(lease.DeviceId)) is not { } offer) return Cut(AttemptOutcome.Infra, $"{lease.DeviceId} is gone.");
        log.Say($"{assignment.JobId}, attempt {assignment.Attempt}: {Name(spec)} with {spec.OrgId}/{spec.AppVersionId} on {offer.Id} ({offer.Model}{(phone is null ? "" : $", Android {offer.OsVersion}")})");
        if (phone is not null) await tools.Phones.CheckResidentsAsync(phone, stop).ConfigureAwait(false);
        var start = tools.Time.GetTimestamp();
        using var prepared = await tools.Preparation.PrepareAsync(assignment, new PrepareLog(feed.Say, log.Write), stop).ConfigureAwait(false);
        // Nothing stays on a slot's phone.
        if (phone is not null && prepared.Build is { } build) feed.Build = feed.Resident(build.PackageId, build.Sha256);
        var limits = new AttemptLimits(
            TimeSpan.FromSeconds(spec.Limits.InstallSeconds), TimeSpan.FromSeconds(spec.Limits.RunSeconds), TimeSpan.FromSeconds(spec.Limits.SilenceSeconds));
        var run = new AppWrightRun(
            AttemptId(tools.Identity.AgentId, assignment), prepared.Workspace.Folder, spec.Config, spec.TestPath, offer.Id,
            phone is null ? CloudPlaceOf(offer, assignment) : new PhonePlace(phone.Adb, phone.IsEmulator, phone.Gone),
            prepared.Build, Leavings.OutOf(folder), limits)
        {
            Environment = spec.Env,
            Grep = spec.Grep,
            Tests = spec.Tests,
            Project = spec.AwProject,
            TestRetries = spec.TestRetries,
            Reset = spec.Reset,
            Video = tools.Video,
            LeaseOver = () => lease.IsOver,
        };
        var download = tools.Time.GetElapsedTime(start);
        return await tools.RunTests(run, feed, stop).ConfigureAwait(false) with { DownloadSeconds = download.TotalSeconds };
    }

    private static CloudPlace CloudPlaceOf(DeviceOffer slot, Assignment assignment)
    {
        var spec = assignment.Spec;
        var needs = spec.Device is { Length: > 0 } text ? DeviceSelector.OfStored(text) : null;
        return new CloudPlace(slot, needs, new CloudLabels(spec.OrgId, spec.AppVersionId, assignment.RunId, assignment.JobId, assignment.Attempt));
    }

    /// <summary>Marks the processes of an attempt; begins with the agent's id, so that a later start finds what was left.</summary>
    internal static string AttemptId(string agentId, Assignment assignment) =>
        $"{agentId}.{assignment.JobId}.{assignment.Attempt}.{assignment.Lease.Token}";

    /// <summary>What cut an attempt short decides how it ended; what had ended by itself stands.</summary>
    private AttemptEnded Judge(HeldLease lease, AttemptEnded ended) => (ended.Outcome, lease.Cause) switch
    {
        (not (AttemptOutcome.Canceled or AttemptOutcome.Infra or AttemptOutcome.Undetermined), _) or (_, StopCause.None) => ended,
        (_, StopCause.Canceled) => ended with { Outcome = AttemptOutcome.Canceled, Reason = "Canceled." },
        (_, StopCause.AgentStopping) => ended with { Outcome = AttemptOutcome.Lost, Reason = $"Agent {tools.Identity.Name} was stopped." },
        (_, StopCause.Expired) => ended with { Outcome = AttemptOutcome.Lost, Reason = $"Agent {tools.Identity.Name} could not renew the lease of {lease.DeviceId} in time." },
        _ => ended with { Outcome = AttemptOutcome.Lost, Reason = null },
    };

    private async Task ReportAsync(HeldLease lease, string folder, AttemptEnded ended, AttemptLog log, AttemptFeed feed, Task upload, CancellationToken quit)
    {
        feed.Close(ended);
        foreach (var note in Leavings.Left(folder, tools.Leases.Terms).Notes.Take(NotesInLog)) log.Say(note);
        log.Say($"{Words.Of(ended.Outcome)}{(ended.Reason is null ? "" : $": {ended.Reason}")}");
        log.Dispose();
        tools.Console.Say($"{lease.DeviceId}: {Name(lease.Assignment.Spec)} {Words.Of(ended.Outcome)} in {ended.RunSeconds:0.0} s{(ended.Reason is null ? "" : $": {ended.Reason.Split('\n')[0]}")}");
        try
        {
            // Whoever follows the log should have all of it when the job becomes final, and installs count only before.
            await Task.WhenAny(upload, Task.Delay(FlushLimit, tools.Time, quit)).ConfigureAwait(false);
            await tools.Progress.FlushAsync(lease.Ref, FlushLimit, quit).ConfigureAwait(false);
            var item = new FinishItem(lease.Ref, tools.Ids.NewId("f"), new AttemptEnd(
                ended.Outcome, ended.Reason, ended.RunSeconds, ended.Tests, ended.DownloadSeconds, ended.SessionSeconds, ended.ErrorOutside ? true : null, ended.CloudSeconds));
            var delivery = await tools.Outbox.DeliverAsync(item, quit).ConfigureAwait(false);
            if (delivery == Delivery.TooLate) tools.Console.Warn($"{lease.DeviceId}: the result of {lease.Assignment.JobId} came too late; the server had given the job away.");
        }
        catch (OperationCanceledException) when (quit.IsCancellationRequested)
        {
            // It waits in the outbox.
        }
    }

    private static string Name(JobSpec spec) => TestSlice.NameOf(spec.TestPath, spec.Tests?.Slice);

    private static AttemptEnded Cut(AttemptOutcome outcome, string? reason) => new(outcome, reason, [], 0, 0, 0, []);

    private static async Task WaitAsync(Task confirmed)
    {
        try
        {
            await confirmed.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Stopped before it began.
        }
    }
}
