using Qgjob.Agent.AppWright;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Reporting;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Attempts;

/// <summary>Turns what happens in an attempt into its log and into news for the server.</summary>
internal sealed class AttemptFeed(LeaseRef lease, JobSpec spec, AttemptLog log, ProgressSender progress, Residents residents) : IAttemptSink
{
    private readonly Lock gate = new();
    // Installations of a build that is known only at the end: the one that the project's config names.
    private readonly List<double> unnamed = [];
    // A failed try is told only when no further try follows: it would count as a test of its own.
    private TestResult? failedTry;

    /// <summary>The uploaded build, once its package is known; null while it is not, or when there is none.</summary>
    public ResidentBuild? Build { get; set; }

    public void Log(string line) => log.Write(line);

    /// <summary>A line of the agent's own: log and live view.</summary>
    public void Say(string text)
    {
        log.Say(text);
        progress.Send(new ProgressItem(lease, Message: text));
    }

    public void Report(AttemptEvent happened)
    {
        switch (happened)
        {
            case Installing:
                log.Say("Installing the app…");
                progress.Send(new ProgressItem(lease, JobStatus.Installing));
                break;
            case Installed(var seconds):
                log.Say($"The app is installed ({seconds:0.0} s).");
                NoteInstall(seconds);
                break;
            case Running:
                NoteResident();
                progress.Send(new ProgressItem(lease, JobStatus.Running));
                break;
            case TestsFound(var count):
                progress.Send(new ProgressItem(lease, TestsTotal: count));
                break;
            case TestStarted started:
                TellFailedTry(unless: started);
                progress.Send(new ProgressItem(lease, TestStarted: string.Join(" › ", started.TitlePath)));
                break;
            case TestEnded(var result):
                if (result.Status is TestStatus.Failed or TestStatus.TimedOut) failedTry = result;
                else progress.Send(new ProgressItem(lease, Test: result));
                break;
            default:
                break;
        }
    }

    /// <summary>The attempt is over: what was installed has a name now.</summary>
    public void Close(AttemptEnded ended)
    {
        TellFailedTry(unless: null);
        if (Build is not null || ended is not { BuildSha256: { } sha256, PackageId: { } package }) return;
        Build = Resident(package, sha256);
        List<double> installs;
        lock (gate)
        {
            installs = [.. unnamed];
            unnamed.Clear();
        }

        foreach (var seconds in installs) NoteInstall(seconds);
    }

    public ResidentBuild Resident(string package, string sha256) => new(package, sha256, spec.OrgId, spec.AppVersionId);

    private void TellFailedTry(TestStarted? unless)
    {
        if (failedTry is not { } failed) return;
        failedTry = null;
        var isRetry = unless is { Retry: > 0 } && unless.Line == failed.Line && unless.File == failed.File && unless.TitlePath.SequenceEqual(failed.TitlePath);
        if (!isRetry) progress.Send(new ProgressItem(lease, Test: failed));
    }

    private void NoteInstall(double seconds)
    {
        if (Build is not { } build)
        {
            lock (gate) unnamed.Add(seconds);
            return;
        }

        residents.Note(lease.DeviceId, build);
        progress.Send(new ProgressItem(lease, Installed: build, InstallSeconds: seconds));
    }

    /// <summary>The build was there already; the server may know it by another app version's name.</summary>
    private void NoteResident()
    {
        if (Build is not { } build || residents.Noted(lease.DeviceId).Contains(build)) return;
        residents.Note(lease.DeviceId, build);
        progress.Send(new ProgressItem(lease, Installed: build));
    }
}
