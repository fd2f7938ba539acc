using System.Security.Cryptography;
using System.Text;

namespace Qgjob.Agent.Android;

/// <summary>Paths for programs that put them into a shell's command line unquoted, as AppWright does with ANDROID_HOME.</summary>
internal static class ShellSafePath
{
    /// <summary>The path itself if no shell minds it, else a link to it that none minds. Made anew when a cleaner took it.</summary>
    public static string Of(string path)
    {
        if (path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-')) return path;
        var link = Path.Combine(Path.GetTempPath(), "qgjob-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..16]);
        try
        {
            if (new FileInfo(link).LinkTarget is null) Directory.CreateSymbolicLink(link, path);
        }
        catch (IOException) when (new FileInfo(link).LinkTarget is not null)
        {
            // Another agent was quicker.
        }

        if (new FileInfo(link).LinkTarget == path) return link;
        throw new IOException($"{link} should lead to {path}, and leads to {new FileInfo(link).LinkTarget ?? "nothing"}. Delete it.");
    }
}
