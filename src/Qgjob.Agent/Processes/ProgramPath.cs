namespace Qgjob.Agent.Processes;

/// <summary>Looks programs up as a shell does.</summary>
internal static class ProgramPath
{
    public static string? Find(string program) => Find(program, Environment.GetEnvironmentVariable("PATH"));

    public static string? Find(string program, string? path)
    {
        foreach (var folder in (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            var file = Path.Combine(folder, program);
            if (File.Exists(file)) return file;
        }

        return null;
    }
}
