using System.Globalization;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Storage;

/// <summary>
/// Cursors of lists, the same in every store. A cursor names a place in the order, not a row, so that a page is right
/// even when the row at its edge does not match the filter any more. One that nobody gave out reads as the list's end.
/// </summary>
public static class Cursor
{
    /// <summary>The place of a job in its run.</summary>
    public static string Of(int ordinal) => ordinal.ToString(CultureInfo.InvariantCulture);

    /// <summary>The place that <see cref="Of(int)"/> wrote.</summary>
    public static int OrdinalOf(string cursor) =>
        int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal) ? ordinal : int.MaxValue;

    /// <summary>The place of an app version: by creation, newest first, then by org and name.</summary>
    public static string Of(AppVersion version) =>
        string.Create(CultureInfo.InvariantCulture, $"{version.CreatedAt.UtcTicks}.{version.OrgId.Length}.{version.OrgId}{version.Id}");

    /// <summary>The place that <see cref="Of(AppVersion)"/> wrote; null when the cursor is not one.</summary>
    public static AppVersionPlace? AppVersionOf(string cursor) =>
        cursor.Split('.', 3) is [var ticks, var length, var names]
        && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var createdAt)
        && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var org) && org <= names.Length
            ? new AppVersionPlace(createdAt, names[..org], names[org..])
            : null;

    /// <summary>A page from up to <paramref name="limit"/> + 1 items: the one too many shows that there is a next page.</summary>
    public static Page<T> PageOf<T>(List<T> items, Func<T, string> cursorOf, int limit)
    {
        if (items.Count <= limit) return new Page<T>(items, null);
        items.RemoveAt(limit);
        return new Page<T>(items, cursorOf(items[^1]));
    }
}

/// <summary>A place in the list of app versions.</summary>
/// <param name="CreatedTicks">Creation, UTC ticks.</param>
/// <param name="OrgId">The org.</param>
/// <param name="Id">The app version's name.</param>
public sealed record AppVersionPlace(long CreatedTicks, string OrgId, string Id)
{
    /// <summary>True when the list has the version after this place.</summary>
    public bool IsBefore(AppVersion version)
    {
        var order = version.CreatedAt.UtcTicks.CompareTo(CreatedTicks);
        if (order == 0) order = string.CompareOrdinal(OrgId, version.OrgId);
        if (order == 0) order = string.CompareOrdinal(Id, version.Id);
        return order < 0;
    }
}
