namespace Qgjob.Agent.AppWright;

/// <summary>The files that an attempt needs beside the user's project: its events, and the build under a fitting name. <see cref="AttemptScripts"/> are common to all.</summary>
internal sealed class AttemptFiles : IDisposable
{
    private AttemptFiles(string folder) => Folder = folder;

    public string Folder { get; }

    public string Events => Path.Combine(Folder, "events.jsonl");

    /// <summary>What the test's process says of a session that it is about to close.</summary>
    public string Closing => Path.Combine(Folder, "closing.json");

    /// <summary>In the system's temporary folder, whose path has no blanks: AppWright passes paths to a shell unquoted.</summary>
    public static AttemptFiles Write()
    {
        var files = new AttemptFiles(Directory.CreateTempSubdirectory("qgjob-").FullName);
        File.WriteAllText(files.Events, "");
        return files;
    }

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
