using System.Collections.Concurrent;
using Qgjob.Agent.Downloads;
using Qgjob.Agent.Installs;

namespace Qgjob.Agent.BrowserStack;

/// <summary>
/// Builds that lie at BrowserStack, under a name made of their content. BrowserStack itself is the memory: it is asked
/// before anything is uploaded, so that a build goes there once for all runs and agents, and again when it was forgotten.
/// </summary>
internal sealed class CloudBuilds(BrowserStackClient client, TimeProvider time)
{
    // What was seen a moment ago is there: BrowserStack keeps builds for 30 days.
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<string, Known> known = new();

    private sealed class Known
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);
        public string? Url { get; set; }
        public long SeenAt { get; set; }
    }

    public static string CustomId(string sha256) => $"qgjob-{sha256}";

    /// <param name="say">Gets a line when something is uploaded.</param>
    /// <returns>The build's address: <c>bs://…</c>.</returns>
    /// <exception cref="BrowserStackException">It could not be brought there.</exception>
    public async Task<string> EnsureAsync(BuildFile build, Action<string> say, CancellationToken cancel)
    {
        var known = this.known.GetOrAdd(build.Sha256, _ => new Known());
        await known.Gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (known.Url is { } url && time.GetElapsedTime(known.SeenAt) < Fresh) return url;
            var id = CustomId(build.Sha256);
            known.Url = await client.FindAppAsync(id, cancel).ConfigureAwait(false);
            if (known.Url is null)
            {
                say($"Uploading the build to BrowserStack ({ByteSize.Text(new FileInfo(build.Path).Length)})…");
                var start = time.GetTimestamp();
                known.Url = await client.UploadAsync(build.Path, $"{build.PackageId}{Path.GetExtension(build.Path)}", id, cancel).ConfigureAwait(false);
                say($"The build is at BrowserStack as {known.Url} ({time.GetElapsedTime(start).TotalSeconds:0.0} s).");
            }

            known.SeenAt = time.GetTimestamp();
            return known.Url;
        }
        finally
        {
            known.Gate.Release();
        }
    }

    /// <summary>BrowserStack says that it does not know the build any more: the next attempt asks again.</summary>
    public void Forget(string sha256)
    {
        if (known.TryGetValue(sha256, out var build)) build.Url = null;
    }
}
