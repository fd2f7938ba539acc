using Qgjob.Cli.Output;
using Qgjob.Client.Projects;

namespace Qgjob.Cli.Submission;

/// <summary>Sees to it that the server has a project's test bundle.</summary>
internal static class BundleUpload
{
    private const long MaxBytes = 500_000_000;

    /// <summary>The bundle's SHA-256.</summary>
    public static async Task<string> EnsureAsync(Call call, string org, IReadOnlyList<ProjectFile> files, CancellationToken cancel)
    {
        var temporary = Path.Combine(Path.GetTempPath(), call.World.Ids.NewId("qgjob-bundle") + ".tar");
        try
        {
            var bundle = await Bundle.PackAsync(files, temporary, MaxBytes, cancel).ConfigureAwait(false);
            if (await call.Client.HasBundleAsync(org, bundle.Sha256, cancel).ConfigureAwait(false)) return bundle.Sha256;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(FileUpload.Limit);
            using var content = new FileUpload(bundle.File, $"the project ({Quantity.Of(bundle.FileCount, "file")})", call.World);
            await call.Client.UploadBundleAsync(org, bundle.Sha256, content, limit.Token).ConfigureAwait(false);
            content.TellAccepted();
            return bundle.Sha256;
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
