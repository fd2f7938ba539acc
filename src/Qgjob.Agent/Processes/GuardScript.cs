using System.Security.Cryptography;
using System.Text;

namespace Qgjob.Agent.Processes;

/// <summary>The guard (guard.sh) as a file, so that lists of processes show a path and not a whole script.</summary>
internal static class GuardScript
{
    /// <summary>What a shell is given to run the guard; further arguments are the guard's own.</summary>
    public static IReadOnlyList<string> Arguments { get; } = Place();

    private static IReadOnlyList<string> Place()
    {
        var script = EmbeddedFile.Read("processes/guard.sh");
        var bytes = Encoding.UTF8.GetBytes(script);
        try
        {
            var root = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            if (root.Length == 0) return ["-c", script, "qgjob-guard"];
            // Named by its content: a running shell reads on in its file, which therefore never changes.
            var file = Path.Combine(root, "qgjob", $"guard-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..8]}.sh");
            if (!File.Exists(file) || !File.ReadAllBytes(file).AsSpan().SequenceEqual(bytes))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                var draft = $"{file}.{Environment.ProcessId}";
                File.WriteAllBytes(draft, bytes);
                File.Move(draft, file, overwrite: true);
            }

            return [file];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ["-c", script, "qgjob-guard"];
        }
    }
}
