namespace Qgjob.Agent.Attempts;

/// <summary>The folders that attempts leave; the latest are kept for people who look for a cause.</summary>
internal static class AttemptFolders
{
    public const int Kept = 20;
    // A folder that is still written to or uploaded from must stay, however many there are.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(15);

    /// <summary>Deletes all but the latest folders.</summary>
    public static void Trim(string root, int kept)
    {
        if (!Directory.Exists(root)) return;
        var folders = new DirectoryInfo(root).GetDirectories().OrderByDescending(d => d.LastWriteTimeUtc).ToList();
        var newest = folders.Count > 0 ? folders[0].LastWriteTimeUtc : default;
        foreach (var folder in folders.Skip(kept).Where(f => newest - f.LastWriteTimeUtc > Grace))
        {
            try
            {
                folder.Delete(recursive: true);
            }
            catch (IOException)
            {
                // Next time.
            }
        }
    }
}
