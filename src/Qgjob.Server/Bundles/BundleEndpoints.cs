using Microsoft.AspNetCore.Http.HttpResults;
using Qgjob.Server.Auth;
using Qgjob.Server.Blobs;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Bundles;

/// <summary>Test bundles, addressed by their hash.</summary>
internal static class BundleEndpoints
{
    public static void MapBundles(this IEndpointRouteBuilder routes)
    {
        var bundles = routes.MapGroup("/bundles").WithTags("Bundles");
        bundles.MapMethods("/{org}/{sha256}", ["GET", "HEAD"], DownloadAsync).Permit(Role.Viewer, OrgFrom.Path).WithSummary("A test bundle's bytes; HEAD asks whether it is there").ProducesProblem(404);
        bundles.MapPut("/{org}/{sha256}", PutAsync).Permit(Role.Submitter, OrgFrom.Path).WithSummary("Uploads a test bundle; its hash is checked")
            .Accepts<Stream>("application/octet-stream", "*/*").ProducesProblem(400).ProducesProblem(413);
    }

    private static async Task<FileStreamHttpResult> DownloadAsync(string org, string sha256, IBlobs blobs, TimeProvider time, CancellationToken cancel)
    {
        Check.Id("org_id", org);
        var key = BlobKeys.Bundle(org, Check.Sha256("sha256", sha256));
        // Whoever asks for it is going to use it.
        return await blobs.UseAsync(key, time.GetUtcNow(), cancel) && await blobs.OpenAsync(key, cancel) is { Content: var content }
            ? TypedResults.Stream(content, "application/octet-stream", sha256 + ".tgz", entityTag: new($"\"{sha256}\""), enableRangeProcessing: true)
            : throw RefusedException.NotFound($"test bundle of {org} with the SHA-256", sha256);
    }

    private static async Task<Results<NoContent, Created>> PutAsync(
        string org, string sha256, HttpRequest request, IBlobs blobs, Uploads uploads, ServerSettings settings, TimeProvider time, CancellationToken cancel)
    {
        Check.Id("org_id", org);
        var key = BlobKeys.Bundle(org, Check.Sha256("sha256", sha256));
        await using var file = await uploads.ReceiveAsync(request, settings.MaxBundleBytes, "max-bundle", cancel);
        if (!sha256.Equals(file.Sha256, StringComparison.OrdinalIgnoreCase))
            throw RefusedException.Invalid("sha256", $"the bytes that arrived have the SHA-256 {file.Sha256}, not {sha256}: the upload was damaged. Upload it again.");
        if (await blobs.UseAsync(key, time.GetUtcNow(), cancel)) return TypedResults.NoContent();
        await blobs.PutAsync(key, file, cancel);
        await blobs.UseAsync(key, time.GetUtcNow(), cancel);
        return TypedResults.Created($"/api/v1/bundles/{org}/{file.Sha256}");
    }
}
