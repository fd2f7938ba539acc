namespace Qgjob.Phones;

/// <summary>What a virtual phone is like.</summary>
public sealed record VirtualPhoneOptions
{
    /// <summary>Also the phone's ro.serialno: letters, digits, '-' and '_'.</summary>
    public required string Name { get; init; }

    /// <summary>Where packages, their data, settings and pushed files live, so that they survive a restart. One phone per folder.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Loopback port for adb; 0 for a free one. Not 5554 to 5585: adb takes those for emulators by itself.</summary>
    public int Port { get; init; }

    /// <summary>Android's API level, from 21.</summary>
    public int ApiLevel { get; init; } = 33;

    /// <summary>Android's version; null for the one that belongs to the API level.</summary>
    public string? Release { get; init; }

    /// <summary>What ro.product.model says.</summary>
    public string Model { get; init; } = "VirtualPhone";

    /// <summary>Pixels, held upright.</summary>
    public (int Width, int Height) ScreenSize { get; init; } = (1080, 2400);

    /// <summary>How long each installation takes (any package, Appium's own too).</summary>
    public TimeSpan InstallDelay { get; init; }

    /// <summary>How long the start of an app takes.</summary>
    public TimeSpan AppStartDelay { get; init; }

    /// <summary>How long instrumentation takes to start.</summary>
    public TimeSpan InstrumentationDelay { get; init; }

    /// <summary>What the phone tells adb that it can do: "shell_v2,cmd", or "" for an old phone.</summary>
    public string Features { get; init; } = "shell_v2,cmd";

    /// <summary>How often it misbehaves by itself; not at all unless told so.</summary>
    public FaultRates Faults { get; init; } = new();

    /// <summary>Makes that repeatable. Each phone's name goes into its chances too.</summary>
    public int FaultSeed { get; init; }

    internal void Validate()
    {
        Require(Name.Length is > 0 and <= 60 && Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'),
            nameof(Name), "letters, digits, '-' and '_', at most 60");
        Require(DataFolder.Length > 0, nameof(DataFolder), "a folder");
        Require(Port is >= 0 and <= 65535 and not (>= 5554 and <= 5585), nameof(Port),
            "0 to 65535, and not 5554 to 5585, which adb takes for emulators");
        Require(ApiLevel is >= 21 and <= 99, nameof(ApiLevel), "21 or higher");
        Require(ScreenSize is { Width: >= 320 and <= 4320, Height: >= 480 and <= 7680 }, nameof(ScreenSize), "320x480 to 4320x7680");
        Require(InstallDelay >= TimeSpan.Zero, nameof(InstallDelay), "zero or more");
        Require(AppStartDelay >= TimeSpan.Zero, nameof(AppStartDelay), "zero or more");
        Require(InstrumentationDelay >= TimeSpan.Zero, nameof(InstrumentationDelay), "zero or more");
    }

    private static void Require(bool holds, string option, string expected)
    {
        if (!holds)
            throw new ArgumentException($"{option} of a virtual phone must be {expected}.", option);
    }
}
