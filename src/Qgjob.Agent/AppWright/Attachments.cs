using System.Security.Cryptography;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>What tests attach, named as artifacts are: by the path below the attempt's out folder.</summary>
internal static class Attachments
{
    /// <summary>Where reporter.cjs puts those that a test attached without a file.</summary>
    private const string Folder = "attachments";

    /// <param name="path">Absolute; one outside of the out folder is not kept and so has no name.</param>
    public static TestAttachment Named(string? name, string? contentType, string? path, string outFolder)
    {
        var relative = path is null ? null : Path.GetRelativePath(outFolder, path).Replace('\\', '/');
        var inside = relative is not null && relative != ".." && !relative.StartsWith("../", StringComparison.Ordinal) && !Path.IsPathRooted(relative);
        return new TestAttachment(name ?? "", contentType, inside ? relative : null);
    }

    /// <summary>The file that reporter.cjs made of an attachment's bytes; null when it is not there.</summary>
    public static string? FileOf(string base64, string outFolder)
    {
#pragma warning disable CA5350 // A name, as in Playwright's own HTML report; nothing rests on it.
        var hash = Convert.ToHexStringLower(SHA1.HashData(Convert.FromBase64String(base64)));
#pragma warning restore CA5350
        var folder = Path.Combine(outFolder, Folder);
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder, hash + ".*").FirstOrDefault() : null;
    }
}
