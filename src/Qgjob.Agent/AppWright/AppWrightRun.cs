using Qgjob.Agent.Devices;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Installs;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.AppWright;

/// <summary>One test file to run once on one device.</summary>
/// <param name="ProjectFolder">The AppWright project, with its node_modules installed.</param>
/// <param name="ConfigFile">Relative to the project; null finds appwright.config.* or playwright.config.*.</param>
/// <param name="TestFile">Relative to the project, forward slashes.</param>
/// <param name="DeviceKey">Names the device for good: its id.</param>
/// <param name="Place">Where that is.</param>
/// <param name="Build">Null takes the buildPath that the project's config names.</param>
/// <param name="OutFolder">Gets the reports and logs; made if missing.</param>
internal sealed record AppWrightRun(
    string AttemptId,
    string ProjectFolder,
    string? ConfigFile,
    string TestFile,
    string DeviceKey,
    RunPlace Place,
    BuildFile? Build,
    string OutFolder,
    AttemptLimits Limits)
{
    /// <summary>The job's own variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string? Grep { get; init; }

    /// <summary>Which of the file's tests to run; null: all of them.</summary>
    public TestSelection? Tests { get; init; }

    /// <summary>The Playwright project to use; null chooses by the phone.</summary>
    public string? Project { get; init; }

    /// <summary>Playwright's retries; null leaves what the project sets.</summary>
    public int? TestRetries { get; init; }

    /// <summary>When the screen's video is kept.</summary>
    public VideoPolicy Video { get; init; } = VideoPolicy.Failure;

    public ResetMode Reset { get; init; } = ResetMode.Clear;

    /// <summary>Asked before every command: true when the device may be somebody else's by now.</summary>
    public Func<bool> LeaseOver { get; init; } = static () => false;
}

/// <summary>What a run's tests drive.</summary>
internal abstract record RunPlace;

/// <summary>A phone or an emulator that adb sees.</summary>
/// <param name="Lost">Cancelled when the phone is known to be gone.</param>
internal sealed record PhonePlace(AdbDevice Device, bool IsEmulator, CancellationToken Lost) : RunPlace;

/// <param name="Install">For getting the build onto the phone.</param>
/// <param name="Run">For the test process.</param>
/// <param name="Silence">The longest time without output and without a command to the device.</param>
internal sealed record AttemptLimits(TimeSpan Install, TimeSpan Run, TimeSpan Silence)
{
    public static AttemptLimits Default { get; } = new(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(5));
}
