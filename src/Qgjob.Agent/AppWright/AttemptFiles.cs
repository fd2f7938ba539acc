namespace Qgjob.Agent.AppWright;

/// <summary>The files that an attempt needs beside the user's project: wrapper config, reporter, preload, stand-ins.</summary>
internal sealed class AttemptFiles : IDisposable
{
    private static readonly string[] Scripts = ["redirect.cjs", "settings.cjs", "wrapper.cjs", "wrapper.mjs", "reporter.cjs"];
    private static readonly string[] Programs = ["npx", "osascript", "pkill"];

    private AttemptFiles(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Goes first on PATH.</summary>
    public string Bin => Path.Combine(Folder, "bin");

    public string Redirect => Path.Combine(Folder, "redirect.cjs");

    public string Events => Path.Combine(Folder, "events.jsonl");

    /// <summary>In the system's temporary folder, whose path has no blanks: AppWright passes paths to a shell unquoted.</summary>
    public static AttemptFiles Write()
    {
        var files = new AttemptFiles(Directory.CreateTempSubdirectory("qgjob-").FullName);
        foreach (var name in Scripts) File.WriteAllText(Path.Combine(files.Folder, name), EmbeddedFile.Read($"appwright/{name}"));
        Directory.CreateDirectory(files.Bin);
        foreach (var name in Programs)
        {
            var file = Path.Combine(files.Bin, name);
            File.WriteAllText(file, EmbeddedFile.Read($"appwright/{name}"));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        File.WriteAllText(files.Events, "");
        return files;
    }

    public string Wrapper(bool isModule) => Path.Combine(Folder, isModule ? "wrapper.mjs" : "wrapper.cjs");

    /// <summary>The build under a name that AppWright takes: it insists on the extension.</summary>
    public string LinkBuild(string build)
    {
        var link = Path.Combine(Folder, "app.apk");
        File.CreateSymbolicLink(link, Path.GetFullPath(build));
        return link;
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // A process that is just ending may write once more; the system's cleaner gets the rest.
        }
    }
}
