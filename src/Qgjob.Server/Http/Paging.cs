using Qgjob.Core.Storage;

namespace Qgjob.Server.Http;

/// <summary>The part of a list that a query asks for.</summary>
internal static class Paging
{
    public static PageRequest Of(string? limit, string? cursor) => new((int)(Check.Number("limit", limit, 1, 500) ?? 50), Check.Cursor(cursor));
}
