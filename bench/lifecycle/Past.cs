namespace Qgjob.Lifecycle;

/// <summary>History of before: finished runs, written straight into the store.</summary>
internal static class Past
{
    public static Task FillAsync(string url, int jobs, CancellationToken cancel) => throw new NotSupportedException($"{url} {jobs} {cancel}");
}
