namespace Qgjob.Agent.Attempts;

/// <summary>The folders that attempts leave; the latest are kept for people who look for a cause.</summary>
internal static class AttemptFolders
{
    public const int Kept = 20;

    /// <summary>Deletes all but the latest folders and those that are still written to or uploaded from.</summary>
    public static void Trim(string root, int kept, Func<string, bool> isInUse)
    {
        if (!Directory.Exists(root)) return;
        var folders = new DirectoryInfo(root).GetDirectories().OrderByDescending(d => d.LastWriteTimeUtc).ToList();
        foreach (var folder in folders.Skip(kept).Where(f => !isInUse(f.FullName)))
        {
            try
            {
                folder.Delete(recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Next time; or a test left there what cannot be deleted by its name.
            }
        }
    }
}
