using Qgjob.Core.Groups;

namespace Qgjob.Core.Storage;

/// <summary>Pages of app versions, for stores that have them all in memory.</summary>
internal static class PageOfAppVersions
{
    /// <summary>The org's (of all orgs: null), newest first.</summary>
    public static Page<AppVersion> Of(IEnumerable<AppVersion> all, string? orgId, PageRequest page)
    {
        var place = page.Cursor is null ? null : Cursor.AppVersionOf(page.Cursor);
        return Cursor.PageOf(
            [.. all
                .Where(v => (orgId is null || v.OrgId == orgId) && (page.Cursor is null || place?.IsBefore(v) == true))
                .OrderByDescending(v => v.CreatedAt)
                .ThenBy(v => v.OrgId, StringComparer.Ordinal)
                .ThenBy(v => v.Id, StringComparer.Ordinal)
                .Take(page.Limit + 1)],
            Cursor.Of, page.Limit);
    }
}
