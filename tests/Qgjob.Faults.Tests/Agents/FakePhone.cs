using System.Globalization;
using Qgjob.Agent.AppWright;
using Qgjob.Core.Jobs;
using TestResult = Qgjob.Core.Results.TestResult;
using TestStatus = Qgjob.Core.Results.TestStatus;

namespace Qgjob.Faults.Tests.Agents;

/// <summary>
/// Stands in for AppWright and the phone: an attempt takes as long, and ends, as the test file's name says
/// (<c>tests/passed-400ms-7.spec.ts</c>), and notes every command that reaches the phone.
/// </summary>
internal sealed class FakePhone(string folder, TimeProvider time)
{
    private const int Tests = 2;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(40);

    public static string TestPath(AttemptOutcome outcome, TimeSpan length, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"tests/{outcome}-{(int)length.TotalMilliseconds}ms-{number}.spec.ts");

    public async Task<AttemptEnded> RunAsync(AppWrightRun run, IAttemptSink sink, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var parts = Path.GetFileName(run.TestFile).Split('-');
        var outcome = Enum.Parse<AttemptOutcome>(parts[0]);
        var length = TimeSpan.FromMilliseconds(int.Parse(parts[1].AsSpan(0, parts[1].Length - 2), CultureInfo.InvariantCulture));
        using var phone = PhoneLog.Open(folder, run.DeviceKey, run.AttemptId);
        phone.Begin();
        try
        {
            return await DriveAsync(run, sink, phone, outcome, length, stop);
        }
        finally
        {
            phone.End();
        }
    }

    private async Task<AttemptEnded> DriveAsync(AppWrightRun run, IAttemptSink sink, PhoneLog phone, AttemptOutcome outcome, TimeSpan length, CancellationToken stop)
    {
        var line = 0;
        var start = time.GetTimestamp();
        var results = new List<TestResult>();
        sink.Report(new Running());
        sink.Report(new TestsFound(Tests));
        for (var test = 1; test <= Tests; test++)
        {
            string[] title = ["suite", $"test {test}"];
            sink.Report(new TestStarted(title, run.TestFile, test, 0));
            while (time.GetElapsedTime(start) < length * test / Tests)
            {
                stop.ThrowIfCancellationRequested();
                // As the gateway does with each command.
                if (!run.LeaseOver()) phone.Touch();
                sink.Log(string.Create(CultureInfo.InvariantCulture, $"line {++line}"));
                await Task.Delay(Between, time, stop);
            }

            var status = outcome is AttemptOutcome.Failed && test == Tests ? TestStatus.Failed : TestStatus.Passed;
            results.Add(new TestResult(title, run.TestFile, test, status, length.TotalMilliseconds / Tests, Error: status is TestStatus.Failed ? "as asked" : null));
            sink.Report(new TestEnded(results[^1]));
        }

        sink.Log(string.Create(CultureInfo.InvariantCulture, $"lines {line}"));
        return new AttemptEnded(outcome, outcome is AttemptOutcome.Passed ? null : "as asked", results, 0, 0, length.TotalSeconds, []);
    }
}
