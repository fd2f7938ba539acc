using System.Net;
using System.Security.Cryptography;
using Qgjob.Cli.Output;
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
        if (Directory.Exists(path)) throw CliException.Usage($"{file} is a folder.", InsteadOf(path));
        if (!File.Exists(path)) throw CliException.Usage($"There is no file {path}.", "Give the build, an .apk file.");
        var sha256 = await HashAsync(path, cancel).ConfigureAwait(false);
        var known = await call.Client.FindAppVersionAsync(org, appVersion, cancel).ConfigureAwait(false);
        if (known?.Builds.FirstOrDefault(b => string.Equals(b.Sha256, sha256, StringComparison.OrdinalIgnoreCase)) is { } there)
            return new BuildStored(org, appVersion, there, Created: false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(FileUpload.Limit);
        try
        {
            using var content = new FileUpload(path, SafeText.Line(Path.GetFileName(path)), call.World);
            var stored = await call.Client.UploadBuildAsync(org, appVersion, Path.GetFileName(path), sha256, content, limit.Token).ConfigureAwait(false);
            content.TellAccepted();
            return stored;
        }
        catch (ApiException e) when (e.Status is HttpStatusCode.Conflict)
        {
            throw new CliException(ExitCode.General,
                $"{file} was not taken: the app version {appVersion} of {org} has a build with other bytes already{Named(known)}.",
                "App versions never change. Choose a new --app-version-id for this build.");
        }
        catch (ApiException e) when (e.Status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity)
        {
            throw CliException.Usage($"{file} was not taken: {WithoutField(e)}", InsteadOf(file));
        }
        catch (ApiException e) when (e.Status is HttpStatusCode.RequestEntityTooLarge)
        {
            throw new CliException(ExitCode.General, $"{file} was not taken: {e.Message}", "The server's settings say how large a build may be.");
        }
        catch (ServerUnreachableException e)
        {
            throw new CliException(ExitCode.General, $"The upload of {file} broke: {e.InnerException!.Message}", "Try again; the server's log may say more.");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new CliException(ExitCode.General, $"The upload of {file} took longer than {FileUpload.Limit.TotalHours:0} h.", "Try again from a faster connection.");
        }
    }

    /// <summary>What to give in place of a file or folder that is no Android build; by its name, for that is what people go by.</summary>
    private static string InsteadOf(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".apk" => "Give the build, an .apk file, and check that it is whole.",
        ".aab" => "Devices take no bundles. Make an .apk of it (bundletool build-apks --mode=universal) and give that.",
        ".ipa" or ".app" or ".zip" => "Builds for iOS are not taken yet. Give the build, an .apk file.",
        _ => "Give the build, an .apk file.",
    };

    private static string Named(AppVersionView? known) =>
        known?.Builds is [{ } there] ? $" ({there.FileName}, SHA-256 {there.Sha256[..Math.Min(12, there.Sha256.Length)]}…)" : "";

    /// <summary>The message; the name of a field of the API says nothing to who gave a file.</summary>
    private static string WithoutField(ApiException e) =>
        e.Problem.Field is { } field && e.Message.StartsWith(field + ": ", StringComparison.Ordinal) ? e.Message[(field.Length + 2)..] : e.Message;

    private static async Task<string> HashAsync(string path, CancellationToken cancel)
    {
        var content = new FileStream(path, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
        await using (content.ConfigureAwait(false))
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel).ConfigureAwait(false));
    }
}
