using Qgjob.Cli.Tests.Commands;

namespace Qgjob.Cli.Tests.Submission;

public sealed class UploadTests : IAsyncDisposable
{
    private const string Path = "/api/v1/apps/o/v";

    private readonly FakeServer server = new();
    private readonly TemporaryFolder folder = new TemporaryFolder().With("app.apk", "build");

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        folder.Dispose();
    }

    private Task<CliRun> Upload(string file = "app.apk") =>
        CliRun.OfAsync(["apps", "upload", file, "--org-id", "o", "--app-version-id", "v"], server.Url, folder.Path);

    private static string Version(string sha256) =>
        $$"""{"org_id":"o","app_version_id":"v","created_at":"2026-01-01T00:00:00Z","builds":[{{Build(sha256)}}]}""";

    private static string Build(string sha256) =>
        $$"""{"platform":"android","package_id":"p","sha256":"{{sha256}}","size_bytes":5,"file_name":"first.apk","version_name":"1","uploaded_at":"2026-01-01T00:00:00Z"}""";

    [Fact]
    public async Task Uploaded_is_said_once_the_server_has_taken_it()
    {
        server.On($"PUT {Path}", 201, $$"""{"org_id":"o","app_version_id":"v","build":{{Build("ab")}},"created":true}""");
        var run = await Upload();
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("uploaded app.apk, 5 B in ", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_bytes_under_a_used_name_are_named_once()
    {
        server.On($"GET {Path}", 200, Version(new string('a', 64)));
        server.On($"PUT {Path}", 409, """{"title":"Conflict","status":409,"detail":"o/v has an Android build already. App versions never change."}""");
        var run = await Upload();
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(
            "qgjob: app.apk was not taken: the app version v of o has a build with other bytes already (first.apk, SHA-256 aaaaaaaaaaaa…).\n"
            + "  App versions never change. Choose a new --app-version-id for this build.\n", run.Err);
    }

    [Theory]
    [InlineData(400, 2, "body: is no APK: no manifest")]
    [InlineData(413, 1, "The body is larger than 4 bytes (max-build).")]
    public async Task A_refusal_names_the_file_in_two_lines(int status, int code, string detail)
    {
        server.On($"PUT {Path}", status, $$"""{"title":"No","status":{{status}},"detail":"{{detail}}","field":"body"}""");
        var run = await Upload();
        Assert.Equal(code, run.ExitCode);
        Assert.StartsWith($"qgjob: app.apk was not taken: {detail.Replace("body: ", "", StringComparison.Ordinal)}\n  ", run.Err, StringComparison.Ordinal);
        Assert.Equal(2, run.Err.TrimEnd().Split('\n').Length);
    }

    [Theory]
    [InlineData("none.apk", "There is no file")]
    [InlineData(".", "is a folder")]
    public async Task Only_what_is_taken_is_promised(string file, string message)
    {
        var run = await Upload(file);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Err, StringComparison.Ordinal);
        Assert.Contains("an .apk file", run.Err, StringComparison.Ordinal);
        var help = (await CliRun.OfAsync(["apps", "upload", "--help"], cancel: TestContext.Current.CancellationToken)).Out;
        Assert.DoesNotContain(".ipa", run.Err + help, StringComparison.Ordinal);
        Assert.DoesNotContain("zip", run.Err + help, StringComparison.Ordinal);
    }
}
