using System.Security.Cryptography;
using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Reporting;

/// <summary>Uploads what an attempt left, after its end, and says what is missing and why.</summary>
internal static class ArtifactUploader
{
    /// <summary>A file that changes while it is sent is sent again, so often.</summary>
    private const int Tries = 3;

    /// <returns>How many were stored.</returns>
    public static async Task<int> UploadAsync(AgentClient client, LeaseRef lease, OutFolder folder, TimeProvider time, Random random, CancellationToken cancel)
    {
        var stored = 0;
        var leftOut = folder.LeftOut.ToList();
        foreach (var file in folder.Sent)
        {
            if (await PutAsync(client, lease, file, new Backoff(time, random), cancel).ConfigureAwait(false) is not { } refused) stored++;
            else leftOut.Add(new LeftOutFile(file.Name, file.Bytes, $"Not kept: {refused}"));
        }

        if (leftOut.Count > 0) await SayAsync(client, new LeftOutRequest(lease, leftOut), new Backoff(time, random), cancel).ConfigureAwait(false);
        return stored;
    }

    /// <returns>Why it was not stored; null when it was.</returns>
    private static async Task<string?> PutAsync(AgentClient client, LeaseRef lease, LeftFile file, Backoff backoff, CancellationToken cancel)
    {
        for (var tries = 1; ;)
        {
            try
            {
                // What is empty is not opened: it may be a pipe that nobody writes to.
                Stream source = file.Bytes == 0 ? Stream.Null : File.OpenRead(file.Path);
                await using (source.ConfigureAwait(false))
                {
                    var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(source, cancel).ConfigureAwait(false));
                    if (source.CanSeek) source.Position = 0;
                    using var content = new StreamContent(source);
                    await client.PutArtifactAsync(lease, file.Name, content, cancel, hash).ConfigureAwait(false);
                    return null;
                }
            }
            catch (ApiException e) when (e.IsFinal && !(e.Problem.Field == "sha256" && tries++ < Tries))
            {
                return e.Message;
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException)
            {
                await backoff.WaitAsync(e, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return e.Message; // Of this host's disk: gone, or not readable.
            }
        }
    }

    private static async Task SayAsync(AgentClient client, LeftOutRequest request, Backoff backoff, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await client.LeaveOutAsync(request, cancel).ConfigureAwait(false);
                return;
            }
            catch (ApiException e) when (e.IsFinal)
            {
                return; // A server before this version; the log has it, too.
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException)
            {
                await backoff.WaitAsync(e, cancel).ConfigureAwait(false);
            }
        }
    }
}
