using System.Globalization;

namespace Qgjob.Server.Blobs;

/// <summary>
/// The keys of all blobs: <c>builds/ab/abc…</c> and <c>bundles/org/abc…</c> by hash, <c>attempts/job/number/</c> with log and
/// files. Their parts can be names of files on any file system, so that a folder and a bucket take the same.
/// </summary>
internal static class BlobKeys
{
    public const string Builds = "builds/";
    public const string Bundles = "bundles/";
    public const string Attempts = "attempts/";
    public const string ReportWishes = "report-wishes/";

    public static string Build(string sha256) => $"{Builds}{sha256[..2]}/{sha256}";

    public static string Bundle(string orgId, string sha256) => $"{Bundles}{OfOrg(orgId)}/{sha256}";

    /// <summary>Everything that a job's attempts left.</summary>
    public static string Job(string jobId) => $"{Attempts}{jobId}/";

    public static string Attempt(string jobId, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{Attempts}{jobId}/{attempt}/");

    public static string Log(string jobId, int attempt) => Attempt(jobId, attempt) + "log";

    /// <summary>The artifacts of an attempt.</summary>
    public static string Files(string jobId, int attempt) => Attempt(jobId, attempt) + "files/";

    /// <summary>Notes on files of an attempt that were not kept.</summary>
    public static string LeftOut(string jobId, int attempt) => Attempt(jobId, attempt) + "left-out/";

    /// <summary>The HTML report of the run whose first job this is, zipped.</summary>
    public static string Report(string firstJobId) => Job(firstJobId) + "report/html.zip";

    /// <summary>Says that there was something, and that retention removed it.</summary>
    public static string Removed(string jobId) => Job(jobId) + "removed";

    public static string LastPart(string key) => key[(key.LastIndexOf('/') + 1)..];

    /// <summary>An org's name as a folder's, on file systems that know no upper case, too.</summary>
    private static string OfOrg(string orgId) =>
        string.Concat(orgId.Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' ? c.ToString() : $"%{(int)c:x2}"));
}
