using System.Diagnostics;
using System.Globalization;

namespace Qgjob.Lifecycle.Wire;

/// <summary>The moment of a submission, carried through the job's specification to the agent that gets the job.</summary>
internal static class Stamps
{
    public static string Now() => string.Create(CultureInfo.InvariantCulture, $"t{Stopwatch.GetTimestamp()}");

    public static long Read(string text) => text.StartsWith('t') ? long.Parse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    public static double MillisecondsSince(long stamp) => Stopwatch.GetElapsedTime(stamp).TotalMilliseconds;
}
