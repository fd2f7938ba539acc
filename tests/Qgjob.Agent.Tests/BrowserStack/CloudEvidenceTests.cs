using Qgjob.Agent.AppWright;
using Qgjob.Agent.BrowserStack;
using Qgjob.Agent.Evidence;
using Qgjob.BrowserStack;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Tests.BrowserStack;

/// <summary>What comes from BrowserStack when the tests are over.</summary>
public sealed class CloudEvidenceTests : IAsyncLifetime
{
    private Cloud cloud = null!;
    private string outFolder = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        cloud = await Cloud.StartAsync();
        outFolder = Directory.CreateDirectory(Path.Combine(cloud.Folder, "out")).FullName;
    }

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    public async Task A_late_video_is_waited_for()
    {
        cloud.StandIn.VideoAfter = TimeSpan.FromMilliseconds(500);
        Assert.Empty(await CollectAsync(AttemptOutcome.Failed, VideoPolicy.Failure, failure: "a reason"));
        Assert.Equal(["appium.log", "browserstack.json", "logcat.txt", "video-01.mp4"], Files());
        Assert.Equal([0, 0, 0, 24], await File.ReadAllBytesAsync(Path.Combine(outFolder, "video-01.mp4"), Cancel));
        Assert.Equal("device log\n", await File.ReadAllTextAsync(Path.Combine(outFolder, "logcat.txt"), Cancel));
        Assert.Equal("""{"status":"failed","reason":"a reason"}""", Assert.Single(cloud.StandIn.Sessions[0].Marks));
        var links = await File.ReadAllTextAsync(Path.Combine(outFolder, "browserstack.json"), Cancel);
        Assert.Contains($"/sessions/{cloud.StandIn.Sessions[0].Id}", links, StringComparison.Ordinal);
        Assert.DoesNotContain("t0ken", links, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_video_is_a_note()
    {
        cloud.StandIn.VideoAfter = null;
        var missing = Assert.Single(await CollectAsync(AttemptOutcome.Failed, VideoPolicy.Always));
        Assert.Equal("video-01.mp4", missing.Name);
        Assert.Contains("BrowserStack did not have it within 3 min after the tests", missing.Note, StringComparison.Ordinal);
        Assert.Equal(["appium.log", "browserstack.json", "logcat.txt"], Files());
    }

    [Fact]
    public async Task Nobody_watches_how_something_passed_and_no_key_gets_into_a_file()
    {
        cloud.StandIn.Misbehave = call => call.EndsWith("/appiumlogs", StringComparison.Ordinal) ? new StandInAnswer(200, $"caps: {StandIn.Key}") : null;
        Assert.Empty(await CollectAsync(AttemptOutcome.Passed, VideoPolicy.Failure));
        Assert.Equal(["appium.log", "browserstack.json", "logcat.txt"], Files());
        Assert.Equal("caps: [hidden]\n", await File.ReadAllTextAsync(Path.Combine(outFolder, "appium.log"), Cancel));
        Assert.Equal("""{"status":"passed"}""", Assert.Single(cloud.StandIn.Sessions[0].Marks));
    }

    private string[] Files() => [.. Directory.EnumerateFiles(outFolder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    private async Task<IReadOnlyList<Qgjob.Client.Wire.LeftOutFile>> CollectAsync(AttemptOutcome outcome, VideoPolicy video, string? failure = null)
    {
        var app = await cloud.Client().UploadAsync(cloud.Build().Path, "a.apk", "qgjob-apk", Cancel);
        var sessions = new CloudSessions(cloud.Hub(), Cloud.Wish(app), ResetMode.Clear, "com.a", () => { }, _ => { }, cloud.Time);
        var opened = Assert.IsType<CloudOpened>(await sessions.OpenAsync("""{"capabilities":{"alwaysMatch":{}}}"""u8.ToArray(), Cancel));
        opened.Session.Failure = failure;
        await sessions.EndAllAsync();
        var run = new AppWrightRun("a", ".", null, "t", "lab/browserstack-1", new CloudPlace(null!, null, null!), null, outFolder, AttemptLimits.Default) { Video = video };
        var evidence = new CloudEvidence(cloud.Client(), run, cloud.Time);
        evidence.Follow(sessions, Cloud.Pixel7);
        evidence.Judge(outcome, "why", flaky: false);
        return await evidence.CollectAsync(Cancel);
    }
}
