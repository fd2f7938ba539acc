using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Qgjob.Server.Hosting;

namespace Qgjob.Server.Blobs.S3;

/// <summary>What goes wrong with calls to a bucket, in this server's words.</summary>
internal static class S3Calls
{
    public static bool IsFailure(Exception e) => e is AmazonServiceException or AmazonClientException or HttpRequestException or SocketException or IOException or TimeoutException;

    public static bool IsMissing(AmazonS3Exception e) => e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket";

    /// <exception cref="BlobsUnavailableException">The bucket did not do it.</exception>
    public static async Task<T> CallAsync<T>(this S3Place place, Func<Task<T>> call, CancellationToken cancel)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (IsFailure(e) || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new BlobsUnavailableException($"{place} does not answer as it should: {Why(e)}", e);
        }
    }

    /// <summary>Why the bucket cannot be used, for whoever started the server.</summary>
    public static SettingsException Explain(this S3Place place, Exception e) => new("blobs", e switch
    {
        AmazonS3Exception { ErrorCode: "NoSuchBucket" } => $"there is no bucket {place.Bucket} ({place}); make it first",
        AmazonS3Exception { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } denied => $"access to {place} is denied: the credentials must allow to list, read, write and delete there ({Why(denied)})",
        AmazonS3Exception { StatusCode: HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect } => $"{place}: the bucket is in another region; give &region=…",
        AmazonS3Exception { StatusCode: not 0 } other => $"{place} cannot be used: {Why(other)}",
        AmazonClientException when e is not AmazonServiceException && Deepest(e) is not (SocketException or HttpRequestException) => $"{place}: no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or whatever else AWS tools read",
        _ => $"{place} cannot be reached: {Why(e)}",
    });

    private static string Why(Exception e) => e switch
    {
        AmazonS3Exception { ErrorCode: { Length: > 0 } code } => $"{code}, {e.Message}",
        OperationCanceledException => "no answer in time",
        _ => Deepest(e).Message,
    };

    private static Exception Deepest(Exception e) => e.InnerException is { } inner ? Deepest(inner) : e;
}
