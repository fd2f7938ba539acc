namespace Qgjob.Core.Jobs;

/// <summary>The phones that a divided file may run on.</summary>
/// <param name="Devices">How many may run its parts at the same time, those that are busy now among them.</param>
/// <param name="WithBuild">How many of them have the build.</param>
/// <param name="InstallSeconds">What it takes to install it on another.</param>
public sealed record SplitRoom(int Devices, int WithBuild, double InstallSeconds);

/// <summary>Into how many parts a file is divided when nobody says. Pure.</summary>
public static class SplitSize
{
    /// <summary>Most parts of a file.</summary>
    public const int Most = 32;
    /// <summary>Shorter tests than that are not worth a phone of their own: each part starts a process and a first session.</summary>
    public const double LeastSeconds = 60;
    /// <summary>A part for whose sake the app is installed has tests of so many times the installation.</summary>
    public const double LeastInstalls = 2;

    /// <summary>
    /// At most one for each device; none shorter than <see cref="LeastSeconds"/>, or than <see cref="LeastInstalls"/> installations
    /// where one is needed; no more than keep the longest test company; and, of several files, none shorter than each device's
    /// share of them all.
    /// </summary>
    /// <param name="seconds">What the file's tests take, one after the other.</param>
    /// <param name="longestSeconds">What the longest takes.</param>
    /// <param name="allSeconds">What the tests of all files of the submission take.</param>
    /// <param name="room">The phones.</param>
    public static int Auto(double seconds, double longestSeconds, double allSeconds, SplitRoom room)
    {
        var devices = Math.Clamp(room.Devices, 1, Most);
        var installed = Math.Min(Whole(seconds / LeastSeconds), Math.Min(devices, room.WithBuild));
        var all = Math.Min(Whole(seconds / Math.Max(LeastSeconds, LeastInstalls * room.InstallSeconds)), devices);
        var parts = Math.Max(installed, all);
        if (longestSeconds > 0) parts = Math.Min(parts, Up(seconds / longestSeconds));
        if (allSeconds > 0) parts = Math.Min(parts, Up(seconds / (allSeconds / devices)));
        return Math.Max(1, parts);
    }

    private static int Whole(double parts) => (int)Math.Min(parts, Most);

    // Sums of many durations differ in their last digits.
    private static int Up(double parts) => (int)Math.Min(Math.Ceiling(parts - 1e-6), Most);
}
