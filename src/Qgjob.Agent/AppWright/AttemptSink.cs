using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>Where an attempt's log and events go while it runs. Both are called one at a time, in order.</summary>
internal interface IAttemptSink
{
    /// <param name="line">Without its line end.</param>
    void Log(string line);

    void Report(AttemptEvent happened);
}

/// <summary>What an attempt tells while it runs.</summary>
internal abstract record AttemptEvent;

internal sealed record Installing : AttemptEvent;

internal sealed record Installed(double Seconds) : AttemptEvent;

/// <summary>The build is in place and the test process starts.</summary>
internal sealed record Running : AttemptEvent;

internal sealed record TestsFound(int Count) : AttemptEvent;

internal sealed record TestStarted(IReadOnlyList<string> TitlePath, string File, int Line, int Retry) : AttemptEvent;

/// <summary>A try of a test is over; Playwright's own retries come as further ones.</summary>
internal sealed record TestEnded(TestResult Result) : AttemptEvent;
