using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Core.Events;

namespace Qgjob.Cli.Watching;

/// <summary>One line for each event, in the order in which things happened: for logs of build servers.</summary>
internal sealed class PlainView(TextWriter output) : IRunView
{
    // One event is one line of a log; the verdict at the end tells the whole.
    private const int MostOfMessage = 200;

    private TimeSpan nextComplaint = TimeSpan.Zero;

    public TimeSpan? TickEvery => null;

    public void Start(RunModel model)
    {
        var jobs = model.Run.Jobs;
        output.WriteLine($"run {model.Run.RunId}: {Quantity.Of(jobs.Total, "job")}{(model.AppVersionId is { } app ? $", app version {SafeText.Line(app)}" : "")}");
    }

    public void Happened(RunModel model, JobEvent happened)
    {
        if (LineOf(model, happened) is { } line) output.WriteLine(line);
    }

    public void Tick(RunModel model) { }

    public void Dispose() { }

    public void Away(TimeSpan silence)
    {
        if (silence < nextComplaint) return;
        output.WriteLine($"no answer from the server for {Durations.Show(silence)}; trying again");
        nextComplaint = silence + TimeSpan.FromSeconds(30);
    }

    public void Back()
    {
        output.WriteLine("the server answers again");
        nextComplaint = TimeSpan.Zero;
    }

    private static string? LineOf(RunModel model, JobEvent happened)
    {
        if (model.Find(happened.JobId) is not { } job) return null;
        var message = happened.Message is { Length: > 0 } text ? SafeText.FirstLine(text, MostOfMessage) : null;
        var what = happened.Kind switch
        {
            "queued" => "queued",
            "leased" => $"leased on {SafeText.Line(happened.DeviceId ?? "a device")}{(happened.Attempt > 1 ? $", attempt {happened.Attempt}" : "")}",
            "installing" => message is null ? "installing" : $"installing: {message}",
            "installed" => $"installed in {Durations.Show(happened.Seconds ?? 0)}{(message is null ? "" : $": {message}")}",
            "running" => message is null ? "running" : $"running: {message}",
            "test_started" => null,
            "test_ended" => $"test {message}{(happened.Seconds is { } seconds ? $" ({Durations.Show(seconds)})" : "")}",
            "requeued" => $"queued again: {message}",
            "finished" => $"{happened.Status}{(message is null ? "" : $": {message}")}",
            _ => message,
        };
        return what is null ? null : string.Create(CultureInfo.InvariantCulture, $"{happened.At.ToLocalTime():HH:mm:ss} {SafeText.Line(job.Label)}  {what}");
    }
}
