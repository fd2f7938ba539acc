using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Qgjob.Client.Wire;
using Qgjob.Core.Apps;
using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Qgjob.Server.Auth;
using Qgjob.Server.Blobs;
using Qgjob.Server.Dispatch;
using Qgjob.Server.Hosting;
using Qgjob.Server.Http;

namespace Qgjob.Server.Apps;

/// <summary>App versions and their builds.</summary>
internal static class AppEndpoints
{
    public static void MapApps(this IEndpointRouteBuilder routes)
    {
        var apps = routes.MapGroup("/apps").WithTags("Apps");
        apps.MapGet("/", ListAsync).Permit(Role.Viewer, OrgFrom.Query).WithSummary("App versions, newest first");
        apps.MapGet("/{org}/{app_version_id}", FindAsync).Permit(Role.Viewer, OrgFrom.Path).WithSummary("An app version with its builds").ProducesProblem(404);
        apps.MapPut("/{org}/{app_version_id}", PutAsync).Permit(Role.Submitter, OrgFrom.Path).WithSummary("Uploads a build (.apk); other bytes under a used name are refused")
            .Accepts<Stream>("application/octet-stream", "*/*").ProducesProblem(400).ProducesProblem(409).ProducesProblem(413);
        apps.MapMethods("/{org}/{app_version_id}/builds/{sha256}", ["GET", "HEAD"], DownloadAsync).Permit(Role.Viewer, OrgFrom.Path).WithSummary("A build's bytes; ranges are honoured").ProducesProblem(404);
    }

    private static async Task<Ok<ListOf<AppVersionView>>> ListAsync(
        [FromQuery(Name = "org_id")] string? orgId, [FromQuery(Name = "limit")] string? limit, [FromQuery(Name = "cursor")] string? cursor,
        IJobStore store, CancellationToken cancel)
    {
        var page = await store.ListAppVersionsAsync(Check.OptionalId("org_id", orgId), Paging.Of(limit, cursor), cancel);
        return TypedResults.Ok(new ListOf<AppVersionView>([.. page.Items.Select(View)], page.Next));
    }

    private static async Task<Ok<AppVersionView>> FindAsync(
        string org, [FromRoute(Name = "app_version_id")] string appVersionId, IJobStore store, CancellationToken cancel) =>
        TypedResults.Ok(View(await FindVersionAsync(store, org, appVersionId, cancel)));

    private static async Task<Results<Ok<BuildStored>, Created<BuildStored>>> PutAsync(
        string org, [FromRoute(Name = "app_version_id")] string appVersionId,
        [FromQuery(Name = "sha256")] string? sha256, [FromQuery(Name = "file_name")] string? fileName,
        HttpRequest request, IBlobs blobs, Uploads uploads, IJobStore store, Dispatcher dispatcher, ServerSettings settings, TimeProvider time, CancellationToken cancel)
    {
        Check.Id("org_id", org);
        Check.Id("app_version_id", appVersionId);
        var expected = sha256 is null ? null : Check.Sha256("sha256", sha256);
        var name = NameOf(fileName, appVersionId);
        await using var file = await uploads.ReceiveAsync(request, settings.MaxBuildBytes, "max-build", cancel);
        if (expected is not null && expected != file.Sha256)
            throw RefusedException.Invalid("sha256", $"the bytes that arrived have the SHA-256 {file.Sha256}, not {expected}: the upload was damaged, or the file changed meanwhile. Upload it again.");
        var manifest = ReadManifest(file.Content);
        var build = new Build(Platform.Android, manifest.PackageId, file.Sha256, file.Length, name, manifest.VersionName, time.GetUtcNow());
        if ((await store.FindAppVersionAsync(org, appVersionId, cancel))?.Builds.FirstOrDefault(b => b.Platform == build.Platform) is { } existing && existing.Sha256 != build.Sha256)
            throw Taken(org, appVersionId, existing);
        // The bytes are there before anyone can learn of them.
        await blobs.PutAsync(BlobKeys.Build(build.Sha256), file, cancel);
        return await dispatcher.SendAsync(new PutBuild(org, appVersionId, build, time.GetUtcNow()), cancel) switch
        {
            PutBuildAnswer.Stored(var version, true) => TypedResults.Created($"/api/v1/apps/{org}/{appVersionId}", Stored(version, build, true)),
            PutBuildAnswer.Stored(var version, _) => TypedResults.Ok(Stored(version, build, false)),
            PutBuildAnswer.Taken(var other) => throw Taken(org, appVersionId, other),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static async Task<FileStreamHttpResult> DownloadAsync(
        string org, [FromRoute(Name = "app_version_id")] string appVersionId, string sha256, IJobStore store, IBlobs blobs, CancellationToken cancel)
    {
        var version = await FindVersionAsync(store, org, appVersionId, cancel);
        var build = version.Builds.FirstOrDefault(b => b.Sha256.Equals(sha256, StringComparison.OrdinalIgnoreCase))
            ?? throw RefusedException.NotFound($"build of {org}/{appVersionId} with the SHA-256", sha256);
        return await blobs.OpenAsync(BlobKeys.Build(build.Sha256), cancel) is { Content: var content }
            ? TypedResults.Stream(content, "application/octet-stream", build.FileName, entityTag: new($"\"{build.Sha256}\""), enableRangeProcessing: true)
            : throw RefusedException.NotFound($"file any more for the build of {org}/{appVersionId} with the SHA-256", sha256);
    }

    private static async Task<AppVersion> FindVersionAsync(IJobStore store, string org, string appVersionId, CancellationToken cancel) =>
        org.Length <= Check.MaxIdLength && appVersionId.Length <= Check.MaxIdLength
            && await store.FindAppVersionAsync(org, appVersionId, cancel) is { } version
            ? version
            : throw RefusedException.NotFound("app version", $"{org}/{appVersionId}");

    private static ApkManifest ReadManifest(Stream apk)
    {
        try
        {
            return ApkManifest.Read(apk);
        }
        catch (InvalidApkException e)
        {
            throw RefusedException.Invalid("body", e.Message);
        }
    }

    private static string NameOf(string? fileName, string appVersionId)
    {
        if (fileName is null) return appVersionId + ".apk";
        Check.OptionalText("file_name", fileName, 255);
        if (fileName.IndexOfAny(['/', '\\']) >= 0) throw RefusedException.Invalid("file_name", "must be a name, not a path");
        return fileName.EndsWith(".apk", StringComparison.OrdinalIgnoreCase)
            ? fileName
            : throw RefusedException.Invalid("file_name", "must end in .apk; this version takes no other kind of build");
    }

    private static RefusedException Taken(string org, string appVersionId, Build existing) => RefusedException.Conflict(
        $"{org}/{appVersionId} has an {existing.Platform} build already, with other bytes: {existing.FileName}, SHA-256 {existing.Sha256}, uploaded at {existing.UploadedAt:u}. "
        + "App versions never change: upload the new build under a new app_version_id.");

    private static BuildStored Stored(AppVersion version, Build build, bool created) =>
        new(version.OrgId, version.Id, version.Builds.First(b => b.Sha256 == build.Sha256), created);

    private static AppVersionView View(AppVersion version) => new(version.OrgId, version.Id, version.CreatedAt, version.Builds);
}
