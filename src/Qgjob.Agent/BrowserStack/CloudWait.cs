using System.Net;

namespace Qgjob.Agent.BrowserStack;

/// <summary>How long to wait before a call is made again. Pure.</summary>
internal static class CloudWait
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    // Whatever it asks for, an attempt has not more time than that.
    private static readonly TimeSpan MostAsked = TimeSpan.FromSeconds(60);

    /// <summary>It was not done, and may be later: too many calls, or BrowserStack has troubles of its own.</summary>
    public static bool IsPassing(HttpStatusCode status) => status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)status >= 500;

    /// <param name="failures">How often it failed before; 0 after the first time.</param>
    /// <param name="asked">What the answer's Retry-After says.</param>
    public static TimeSpan Next(int failures, TimeSpan? asked)
    {
        if (asked is { } time && time > TimeSpan.Zero) return time < MostAsked ? time : MostAsked;
        return TimeSpan.FromSeconds(Math.Min(Longest.TotalSeconds, First.TotalSeconds * Math.Pow(2, Math.Min(failures, 10))));
    }

    /// <summary>The wait that an answer asks for: seconds, or a date.</summary>
    public static TimeSpan? Asked(HttpResponseMessage answer, DateTimeOffset now) =>
        answer.Headers.RetryAfter is not { } after ? null : after.Delta ?? after.Date - now;
}
