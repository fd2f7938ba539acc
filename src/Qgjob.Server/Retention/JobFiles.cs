using Qgjob.Server.Blobs;

namespace Qgjob.Server.Retention;

/// <summary>A job's folder: logs and artifacts of its attempts.</summary>
/// <param name="JobId">The job.</param>
/// <param name="At">When its latest attempt began to leave something.</param>
internal sealed record JobFolder(string JobId, DateTimeOffset At);

/// <summary>Logs and artifacts on the disk, by job. An empty folder says that there were some, and that retention removed them.</summary>
internal sealed class JobFiles(BlobFolder blobs)
{
    /// <summary>Folders with something in them, the oldest first.</summary>
    public List<JobFolder> All() =>
        !Directory.Exists(Root) ? []
        : [.. new DirectoryInfo(Root).EnumerateDirectories().Where(d => d.EnumerateFileSystemInfos().Any())
            .Select(d => new JobFolder(d.Name, d.LastWriteTimeUtc)).OrderBy(f => f.At)];

    /// <summary>There was something, and retention removed it.</summary>
    public bool AreRemoved(string jobId) => Directory.Exists(FolderOf(jobId)) && !Directory.EnumerateFileSystemEntries(FolderOf(jobId)).Any();

    public long SizeOf(string jobId)
    {
        try
        {
            return new DirectoryInfo(FolderOf(jobId)).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
        }
        catch (IOException)
        {
            // Something of it went meanwhile; the next round counts it again.
            return 0;
        }
    }

    /// <summary>Removes what the job's attempts left, and keeps the empty folder as a sign of that.</summary>
    public void Empty(string jobId)
    {
        foreach (var attempt in Directory.EnumerateDirectories(FolderOf(jobId))) Directory.Delete(attempt, recursive: true);
        foreach (var stray in Directory.EnumerateFiles(FolderOf(jobId))) File.Delete(stray);
    }

    /// <summary>Removes everything: the job itself goes, or is gone.</summary>
    public void Remove(string jobId)
    {
        if (Directory.Exists(FolderOf(jobId))) Directory.Delete(FolderOf(jobId), recursive: true);
    }

    private string Root => Path.GetDirectoryName(FolderOf("j"))!;

    private string FolderOf(string jobId) => Path.GetDirectoryName(blobs.AttemptFolder(jobId, 1))!;
}
