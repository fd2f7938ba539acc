using Qgjob.Agent.Leases;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Core.Storage;

namespace Qgjob.Agent.Reporting;

/// <summary>Uploads what an attempt left, after its end.</summary>
internal static class ArtifactUploader
{
    /// <param name="root">Names are relative to it.</param>
    /// <returns>How many were stored.</returns>
    public static async Task<int> UploadAsync(
        AgentClient client, LeaseRef lease, string root, IEnumerable<string> files, TimeProvider time, Random random, CancellationToken cancel)
    {
        var stored = 0;
        foreach (var file in files)
        {
            var name = Path.GetRelativePath(root, file).Replace('\\', '/');
            if (await PutAsync(client, lease, name, file, new Backoff(time, random), cancel).ConfigureAwait(false)) stored++;
        }

        return stored;
    }

    private static async Task<bool> PutAsync(
        AgentClient client, LeaseRef lease, string name, string file, Backoff backoff, CancellationToken cancel)
    {
        while (File.Exists(file))
        {
            try
            {
                var source = File.OpenRead(file);
                await using (source.ConfigureAwait(false))
                {
                    using var content = new StreamContent(source);
                    await client.PutArtifactAsync(lease, name, content, cancel).ConfigureAwait(false);
                    return true;
                }
            }
            catch (ApiException e) when (e.IsFinal)
            {
                return false;
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException)
            {
                await backoff.WaitAsync(e, cancel).ConfigureAwait(false);
            }
        }

        return false;
    }
}
