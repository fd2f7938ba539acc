using System.Text;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Processes;
using Qgjob.Phones;

namespace Qgjob.Agent.Tests.Evidence;

/// <summary>The real adb and a virtual phone.</summary>
public sealed class RealPhoneEvidenceTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;
    private readonly List<string> said = [];
    private VirtualPhone phone = null!;
    private AdbServer adb = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Out => Path.Combine(folder, "out");

    private string Note => Path.Combine(folder, "closing.json");

    public async ValueTask InitializeAsync()
    {
        phone = await VirtualPhone.StartAsync(
            new VirtualPhoneOptions { Name = "phone", DataFolder = Path.Combine(folder, "phone") }, TimeProvider.System, Cancel);
        adb = await AdbServer.StartPrivateAsync("adb", LoopbackPort.Free(), TimeProvider.System, Cancel);
        await adb.Client.ConnectAsync(phone.Serial, Cancel);
        Directory.CreateDirectory(Out);
    }

    public async ValueTask DisposeAsync()
    {
        await adb.DisposeAsync();
        await phone.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task The_phones_log_and_screen_are_in_files_while_it_runs_and_nothing_stays_on_the_phone()
    {
        await using var evidence = Start(VideoPolicy.Failure);
        evidence.StartVideo();
        await UntilAsync(() => Read("logcat.txt").Contains("is up", StringComparison.Ordinal));
        // Fragmented: what is there can be played, whatever becomes of this process.
        await UntilAsync(() => Read("video-01.mp4").Contains("moof", StringComparison.Ordinal));
        await evidence.DisposeAsync();
        Assert.DoesNotContain("moof", Read("video-01.mp4"), StringComparison.Ordinal);
        Assert.Equal("", (await adb.Client.ShellAsync(phone.Serial, "ls /data/local/tmp", Cancel)).Output);
        evidence.DropVideo();
        Assert.Equal(["logcat.txt"], Directory.GetFiles(Out).Select(Path.GetFileName));
        Assert.Empty(said);
    }

    [Fact]
    public async Task A_phone_that_cannot_film_costs_one_line()
    {
        await adb.Client.ShellAsync(phone.Serial, "qgjob-fault no-recorder", Cancel);
        await using var evidence = Start(VideoPolicy.Always);
        evidence.StartVideo();
        await UntilAsync(() => said.Count > 0);
        await evidence.DisposeAsync();
        Assert.Equal("qgjob: no video of the screen: Encoder failed (err=-38)", Assert.Single(said));
        Assert.Empty(Directory.GetFiles(Out, "video*"));
    }

    [Fact]
    public async Task A_failing_test_gets_its_picture_a_passing_one_none()
    {
        await using var evidence = Start(VideoPolicy.Off);
        var file = Path.Combine(Out, "screenshots", "a-try-1.png");
        await File.WriteAllTextAsync(Note, """{"failed":false}""", Cancel);
        await evidence.Screenshots.BeforeCloseAsync(Cancel);
        Assert.False(Directory.Exists(Path.Combine(Out, "screenshots")));
        await File.WriteAllTextAsync(Note, $$"""{"failed":true,"file":"{{file}}"}""", Cancel);
        await evidence.Screenshots.BeforeCloseAsync(Cancel);
        await evidence.Screenshots.EndAsync(failed: true, Cancel);
        Assert.Equal([file], Directory.GetFiles(Path.Combine(Out, "screenshots")));
        Assert.StartsWith("PNG", Read("screenshots/a-try-1.png")[1..], StringComparison.Ordinal);
        Assert.False(File.Exists(Note));
    }

    [Fact]
    public async Task Where_nobody_says_how_a_test_went_the_picture_is_kept_if_anything_failed()
    {
        await using var evidence = Start(VideoPolicy.Off);
        await evidence.Screenshots.BeforeCloseAsync(Cancel);
        await evidence.Screenshots.EndAsync(failed: true, Cancel);
        Assert.True(File.Exists(Path.Combine(Out, "screenshots", "session-01.png")));
        await evidence.Screenshots.EndAsync(failed: false, Cancel);
        Assert.False(File.Exists(Path.Combine(Out, "screenshots", "session-01.png")));
    }

    [Fact]
    public async Task A_failure_without_a_session_gets_a_picture_of_the_end_and_none_outside_its_folder()
    {
        await using var evidence = Start(VideoPolicy.Off);
        await File.WriteAllTextAsync(Note, $$"""{"failed":true,"file":"{{folder}}/elsewhere.png"}""", Cancel);
        await evidence.Screenshots.BeforeCloseAsync(Cancel);
        await evidence.Screenshots.EndAsync(failed: true, Cancel);
        Assert.True(File.Exists(Path.Combine(Out, "screenshots", "end.png")));
        Assert.False(File.Exists(Path.Combine(folder, "elsewhere.png")));
    }

    private AttemptEvidence Start(VideoPolicy policy) =>
        new(new AdbDevice(adb.Client.Port, phone.Serial), Out, Note, policy, TimeProvider.System, said.Add);

    private string Read(string name)
    {
        var file = Path.Combine(Out, name);
        if (!File.Exists(file)) return "";
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var left = 600; !holds() && left > 0; left--) await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancel);
        Assert.True(holds());
    }
}
