using System.Security.Cryptography;
using System.Text;

namespace Qgjob.Agent.AppWright;

/// <summary>
/// The files of ours that every attempt uses: wrapper config, reporter, preload, stand-ins. They lie in one folder for
/// good, because Playwright keeps what it makes of a script, by the script's path, and never forgets it.
/// </summary>
internal static class AttemptScripts
{
    private static readonly string[] Scripts = ["redirect.cjs", "closing.cjs", "browserstack.cjs", "settings.cjs", "selection.cjs", "wrapper.cjs", "wrapper.mjs", "reporter.cjs"];
    private static readonly string[] Programs = ["npx", "osascript", "pkill"];

    private static readonly string Folder = Place();

    /// <summary>Goes first on PATH.</summary>
    public static string Bin => Path.Combine(Folder, "bin");

    /// <summary>What Node loads first in each of an attempt's processes.</summary>
    public static IReadOnlyList<string> Preloads => [Path.Combine(Folder, "redirect.cjs"), Path.Combine(Folder, "closing.cjs"), Path.Combine(Folder, "browserstack.cjs")];

    public static string Wrapper(bool isModule) => Path.Combine(Folder, isModule ? "wrapper.mjs" : "wrapper.cjs");

    private static string Place()
    {
        var files = Scripts.Select(n => (Name: n, Text: EmbeddedFile.Read($"appwright/{n}")))
            .Concat(Programs.Select(n => (Name: Path.Combine("bin", n), Text: EmbeddedFile.Read($"appwright/{n}")))).ToList();
        var root = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        // AppWright passes paths to a shell unquoted.
        if (root.Length > 0 && !root.Any(char.IsWhiteSpace))
        {
            // Named by its content: it never changes under a running test.
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', files.Select(f => f.Text)))))[..8];
            var folder = Path.Combine(root, "qgjob", $"appwright-{hash}");
            try
            {
                foreach (var (name, text) in files) Write(Path.Combine(folder, name), text);
                return folder;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Elsewhere, then.
            }
        }

        var own = Directory.CreateTempSubdirectory("qgjob-").FullName;
        foreach (var (name, text) in files) Write(Path.Combine(own, name), text);
        return own;
    }

    private static void Write(string file, string text)
    {
        if (File.Exists(file) && File.ReadAllText(file) == text) return;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        // Another agent may use it, or write it, at this moment.
        var draft = $"{file}.{Environment.ProcessId}";
        File.WriteAllText(draft, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(draft, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(draft, file, overwrite: true);
    }
}
