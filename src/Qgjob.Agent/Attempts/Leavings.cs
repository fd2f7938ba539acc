using System.Globalization;
using Qgjob.Agent.Leases;
using Qgjob.Agent.Reporting;
using Qgjob.Client;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Attempts;

/// <summary>
/// Sends what an attempt leaves: the rest of its log and its files. However it ended, and whoever has the job by now: the
/// server takes them under the attempt's own token. A note in the attempt's folder says that they are not all sent; what an
/// agent that was killed had in its folder is so sent by its next start.
/// </summary>
internal sealed class Leavings(AgentClient client, IAgentConsole console, TimeProvider time, Random random)
{
    private const string Note = "unsent";
    private const string Log = "log.txt";
    private const string Out = "out";

    public static string LogOf(string folder) => Path.Combine(folder, Log);

    public static string OutOf(string folder) => Path.Combine(folder, Out);

    /// <summary>There is more in the folder than the server has.</summary>
    public static bool IsUnsent(string folder) => File.Exists(Path.Combine(folder, Note));

    /// <param name="ended">The log has its last line.</param>
    public void Mark(string folder, LeaseRef lease, bool ended = false)
    {
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, Note), string.Create(CultureInfo.InvariantCulture, $"{lease.Token} {lease.DeviceId}\n{(ended ? "ended" : "")}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            console.Warn($"{folder}: {e.Message} If this agent is killed, what the attempt wrote is not sent.");
        }
    }

    /// <summary>What of the attempt's files is sent, and what is not.</summary>
    /// <param name="terms">Null when the server's limits are not known: then it says what is too large.</param>
    public static OutFolder Left(string folder, LeaseTerms? terms)
    {
        try
        {
            return OutFolder.Read(OutOf(folder), terms?.MaxArtifactBytes ?? long.MaxValue, terms?.MaxAttemptBytes ?? long.MaxValue);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new OutFolder([], [new LeftOutFile(Out, 0, $"Not kept: {e.Message}")]);
        }
    }

    /// <param name="upload">The log's; ends when the log is closed and sent.</param>
    /// <param name="later">Brings the rest into the folder; null when all is there.</param>
    public async Task SendAsync(
        LeaseRef lease, string folder, LeaseTerms? terms, Task upload, CancellationToken cancel, Func<CancellationToken, Task<IReadOnlyList<LeftOutFile>>>? later = null)
    {
        try
        {
            await upload.ConfigureAwait(false);
            var missing = later is null ? [] : await later(cancel).ConfigureAwait(false);
            var left = Left(folder, terms);
            await ArtifactUploader.UploadAsync(client, lease, left with { LeftOut = [.. left.LeftOut, .. missing] }, time, random, cancel).ConfigureAwait(false);
            File.Delete(Path.Combine(folder, Note));
        }
        catch (OperationCanceledException)
        {
            // The agent ends, or it took too long: the next start goes on.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            console.Warn($"{folder}: what the attempt left cannot be read: {e.Message}");
        }
    }

    /// <summary>Sends what an earlier start of this agent could not.</summary>
    public async Task SendOldAsync(IReadOnlyList<string> folders, CancellationToken cancel)
    {
        foreach (var folder in folders)
        {
            if (Read(folder) is not var (lease, ended)) continue;
            using var log = AttemptLog.Reopen(LogOf(folder));
            if (!ended) log.Say("The agent ended here, in the middle of the attempt; this part was sent at its next start.");
            log.Dispose();
            var uploader = new LogUploader(client, lease, log, time, random);
            await SendAsync(lease, folder, null, uploader.RunAsync(cancel), cancel).ConfigureAwait(false);
            if (!IsUnsent(folder)) console.Say($"{lease.DeviceId}: sent what {Path.GetFileName(folder)} had left.");
        }
    }

    /// <summary>Folders that an earlier start left so.</summary>
    public static IReadOnlyList<string> Old(string root) =>
        Directory.Exists(root) ? [.. Directory.GetDirectories(root).Where(IsUnsent).Order(StringComparer.Ordinal)] : [];

    private static (LeaseRef Lease, bool Ended)? Read(string folder)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(folder, Note)) is [var first, .. var rest] && first.Split(' ', 2) is [var token, var device] && long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? (new LeaseRef(device, number), rest is ["ended"])
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
