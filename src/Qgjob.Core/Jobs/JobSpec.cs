namespace Qgjob.Core.Jobs;

/// <summary>What kind of device a job asks for, and what a device is.</summary>
public enum Target
{
    /// <summary>Whatever fits. Only jobs ask for it; a device is never <c>Any</c>.</summary>
    Any,
    /// <summary>A phone, on a cable or virtual.</summary>
    Device,
    /// <summary>An Android emulator or an iOS simulator.</summary>
    Emulator,
    /// <summary>A slot of a BrowserStack account.</summary>
    Browserstack,
}

/// <summary>Operating system of a device or a build.</summary>
public enum Platform
{
    /// <summary>Android.</summary>
    Android,
    /// <summary>iOS.</summary>
    Ios,
}

/// <summary>What happens to the app's state between two tests.</summary>
public enum ResetMode
{
    /// <summary>The app's data and permissions are wiped: as fresh as a new installation, seconds cheaper.</summary>
    Clear,
    /// <summary>The app is uninstalled and installed again before every test.</summary>
    Reinstall,
    /// <summary>The app keeps its state.</summary>
    None,
}

/// <summary>Time limits of one attempt and of waiting, in seconds.</summary>
/// <param name="QueueSeconds">From submission (or requeue) to the lease.</param>
/// <param name="InstallSeconds">For one installation, download included.</param>
/// <param name="RunSeconds">For the test process.</param>
/// <param name="SilenceSeconds">Without any output of the test process.</param>
public sealed record Limits(int QueueSeconds = 3600, int InstallSeconds = 600, int RunSeconds = 1800, int SilenceSeconds = 300)
{
    /// <summary>The defaults of the interface: queue 60 min, install 10 min, run 30 min, silence 5 min.</summary>
    public static Limits Default { get; } = new();
}

/// <summary>All that a submission says of one job; never changes afterwards.</summary>
public sealed record JobSpec
{
    /// <summary>The tenant.</summary>
    public required string OrgId { get; init; }
    /// <summary>Names immutable builds within the org.</summary>
    public required string AppVersionId { get; init; }
    /// <summary>The spec file, relative to the project, with forward slashes.</summary>
    public required string TestPath { get; init; }
    /// <summary>Kind of device wanted.</summary>
    public Target Target { get; init; }
    /// <summary>Devices of this kind take it only when it would wait too long for others; null: none is spared.</summary>
    public Target? Overflow { get; init; }
    /// <summary>The longest wait for others, in seconds, before those take it.</summary>
    public int? OverflowAfterSeconds { get; init; }
    /// <summary>Platform wanted; null leaves it to the device.</summary>
    public Platform? Platform { get; init; }
    /// <summary>Conditions on the device, for instance <c>os&gt;=13,model=Pixel*</c>; see <see cref="Devices.DeviceSelector"/>.</summary>
    public string? Device { get; init; }
    /// <summary>The device that it is bound to, for people, when its run runs each test once on every matching device; null: it is not.</summary>
    public string? OnDevice { get; init; }
    /// <summary>Tiers above (or below) normal: low −1, normal 0, high 1, urgent 2; −10 to 10.</summary>
    public int Priority { get; init; }
    /// <summary>Time limits.</summary>
    public Limits Limits { get; init; } = Limits.Default;
    /// <summary>How often the test may be tried when it fails or hits its run limit.</summary>
    public int MaxAttempts { get; init; } = 1;
    /// <summary>How often the job may be tried when infrastructure fails.</summary>
    public int InfraAttempts { get; init; } = 3;
    /// <summary>State reset between tests.</summary>
    public ResetMode Reset { get; init; }
    /// <summary>Named resources of which it takes one unit each while it runs; see <see cref="Orgs.Resource"/>.</summary>
    /// <remarks>Specifications that were stored before there were resources have none; a JSON reader sets null then.</remarks>
    public IReadOnlyList<string> Resources { get; init => field = value ?? []; } = [];
    /// <summary>Environment for the test process.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = EmptyMap;
    /// <summary>Only tests whose title matches this regular expression.</summary>
    public string? Grep { get; init; }
    /// <summary>Which of the file's tests to run; null: all of them.</summary>
    public TestSelection? Tests { get; init; }
    /// <summary>The job of an earlier run that this one runs again; null: none.</summary>
    public string? RerunOf { get; init; }
    /// <summary>It runs only what is left of that job, whose results count on; null: it starts afresh.</summary>
    public bool? Continues { get; init; }
    /// <summary>A flaky test fails the job; null: it does not.</summary>
    public bool? FailOnFlaky { get; init; }
    /// <summary>A skipped test fails the job; null: it does not.</summary>
    public bool? FailOnSkipped { get; init; }
    /// <summary>Owners of the file as CODEOWNERS names them; null: none are known.</summary>
    public IReadOnlyList<string>? Owners { get; init; }
    /// <summary>Which of the config's Playwright projects to run.</summary>
    public string? AwProject { get; init; }
    /// <summary>Config file relative to the project; null: AppWright's default names.</summary>
    public string? Config { get; init; }
    /// <summary>Playwright retries; null: as the project sets them under CI=1.</summary>
    public int? TestRetries { get; init; }
    /// <summary>The test bundle's SHA-256 in hex; null: the agent's own workspace folder.</summary>
    public string? BundleSha256 { get; init; }

    /// <summary>An empty map, shared.</summary>
    public static IReadOnlyDictionary<string, string> EmptyMap { get; } = new Dictionary<string, string>();
}
