using System.Globalization;
using Qgjob.Core.Results;

namespace Qgjob.Client.Reports;

/// <summary>A quarantine in a few words, the same in every report.</summary>
public static class QuarantineText
{
    /// <summary>Why, who, until when.</summary>
    public static string Of(QuarantineMark mark)
    {
        ArgumentNullException.ThrowIfNull(mark);
        return $"{mark.Reason} (by {mark.By}, until {Time(mark.Until)})";
    }

    /// <summary>A time as people read it: to the minute, in UTC.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
