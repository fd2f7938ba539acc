using System.Security.Cryptography;
using Qgjob.Agent.Leases;
using Qgjob.Client.Http;

namespace Qgjob.Agent.Downloads;

/// <summary>Fetches files from the server by their hash and checks it.</summary>
internal static class Download
{
    private const int Tries = 5;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    /// <param name="open">Opens the download anew for each try.</param>
    /// <exception cref="DownloadException">The server does not have it, or it could not be fetched whole.</exception>
    public static async Task ToFileAsync(
        string file, string sha256, Func<CancellationToken, Task<HttpResponseMessage>> open, TimeProvider time, Random random, CancellationToken cancel)
    {
        using var clock = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancel);
        var backoff = new Backoff(time, random);
        for (var attempt = 1; ; attempt++)
        {
            string problem;
            try
            {
                var got = await FetchAsync(file, open, either.Token).ConfigureAwait(false);
                if (got == sha256) return;
                problem = $"the server sent other bytes (SHA-256 {got}) than expected ({sha256})";
            }
            catch (ApiException e) when (e.IsFinal)
            {
                throw new DownloadException(e.Message, e);
            }
            catch (Exception e) when (e is ApiException or ServerUnreachableException or HttpRequestException or IOException)
            {
                problem = e.Message;
            }
            catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
            {
                throw new DownloadException($"it took more than {Limit.TotalMinutes:0} minutes", e);
            }

            if (attempt == Tries) throw new DownloadException(problem, null);
            await backoff.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    private static async Task<string> FetchAsync(string file, Func<CancellationToken, Task<HttpResponseMessage>> open, CancellationToken cancel)
    {
        using var response = await open(cancel).ConfigureAwait(false);
        var source = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
        var target = new FileStream(file, FileMode.Create, FileAccess.ReadWrite);
        await using (source.ConfigureAwait(false))
        await using (target.ConfigureAwait(false))
        {
            await source.CopyToAsync(target, cancel).ConfigureAwait(false);
            target.Position = 0;
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(target, cancel).ConfigureAwait(false));
        }
    }
}

/// <summary>A build or a bundle could not be fetched. The message goes on after "could not be downloaded: ".</summary>
internal sealed class DownloadException(string message, Exception? inner) : Exception(message, inner);
