using System.Net;
using System.Security.Cryptography;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Submission;

/// <summary>Sees to it that the server has a build.</summary>
internal static class BuildUpload
{
    public static async Task<BuildStored> EnsureAsync(Call call, string org, string appVersion, string file, CancellationToken cancel)
    {
        var path = Path.GetFullPath(file, call.World.CurrentFolder);
        if (Directory.Exists(path)) throw CliException.Usage($"{file} is a folder.", "Zip the .app folder and give the .zip file.");
        if (!File.Exists(path)) throw CliException.Usage($"There is no file {path}.", "Give the build (.apk, .ipa or a zipped .app) with --app.");
        var sha256 = await HashAsync(path, cancel).ConfigureAwait(false);
        var known = await call.Client.FindAppVersionAsync(org, appVersion, cancel).ConfigureAwait(false);
        if (known?.Builds.FirstOrDefault(b => string.Equals(b.Sha256, sha256, StringComparison.OrdinalIgnoreCase)) is { } there)
            return new BuildStored(org, appVersion, there, Created: false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(FileUpload.Limit);
        try
        {
            using var content = new FileUpload(path, Path.GetFileName(path), call.World);
            return await call.Client.UploadBuildAsync(org, appVersion, Path.GetFileName(path), sha256, content, limit.Token).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.Status is HttpStatusCode.Conflict)
        {
            throw new CliException(ExitCode.General,
                $"The app version {appVersion} of {org} has other bytes already: {e.Message}", "App versions never change. Choose a new --app-version-id for this build.");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new CliException(ExitCode.General, $"The upload of {file} took longer than {FileUpload.Limit.TotalHours:0} h.", "Try again from a faster connection.");
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancel)
    {
        var content = new FileStream(path, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
        await using (content.ConfigureAwait(false))
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel).ConfigureAwait(false));
    }
}
