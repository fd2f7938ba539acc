using System.Text;
using System.Text.RegularExpressions;

namespace Qgjob.Client.Projects;

/// <summary>Keeps registry credentials out of bundles: an agent uses its own, from its user's configuration.</summary>
internal static partial class RegistryCredentials
{
    /// <summary>The file's text without credentials; null when there are none or the file is of another kind.</summary>
    public static (string Text, int Lines)? Without(string path, string fullPath)
    {
        var pattern = path[(path.LastIndexOf('/') + 1)..] switch
        {
            ".npmrc" => NpmLine(),
            ".yarnrc" => YarnLine(),
            ".yarnrc.yml" => BerryLine(),
            _ => null,
        };
        if (pattern is null) return null;
        var lines = File.ReadAllText(fullPath, Encoding.UTF8).Split('\n');
        var kept = lines.Where(l => !pattern.IsMatch(l)).ToList();
        return kept.Count == lines.Length ? null : (string.Join('\n', kept), lines.Length - kept.Count);
    }

    // Also as "//registry/path/:_authToken"; a client's certificate and key count, too.
    [GeneratedRegex("""^\s*["']?([^=;#\s]*:)?(_authToken|_auth|_password|username|email|keyfile|certfile|key|cert|tokenHelper)(\[\])?["']?\s*=""", RegexOptions.IgnoreCase)]
    private static partial Regex NpmLine();

    [GeneratedRegex("""^\s*["']?([^\s"']*:)?(_authToken|_auth|_password|username|email|keyfile|certfile|key|cert)["']?\s+""", RegexOptions.IgnoreCase)]
    private static partial Regex YarnLine();

    [GeneratedRegex("""^\s*["']?(npmAuthToken|npmAuthIdent|httpsKeyFilePath|httpsCertFilePath)["']?\s*:""", RegexOptions.IgnoreCase)]
    private static partial Regex BerryLine();
}
