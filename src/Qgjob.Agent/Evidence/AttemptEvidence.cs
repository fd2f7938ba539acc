using Qgjob.Agent.Devices;

namespace Qgjob.Agent.Evidence;

/// <summary>When the screen's video is kept.</summary>
public enum VideoPolicy
{
    /// <summary>Always filmed, kept unless everything passed at once.</summary>
    Failure,
    /// <summary>Always filmed and kept.</summary>
    Always,
    /// <summary>Not filmed.</summary>
    Off,
}

/// <summary>What the phone itself shows of an attempt: its log, its screen. It never changes how the attempt ends.</summary>
internal sealed class AttemptEvidence : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);
    private readonly CancellationTokenSource end = new();
    private readonly AdbDevice device;
    private readonly string folder;
    private readonly TimeProvider time;
    private readonly Action<string> say;
    private readonly AdbClient adb;
    private readonly VideoPolicy policy;
    private readonly Task log;
    private Task video = Task.CompletedTask;

    /// <param name="folder">Gets the files; exists.</param>
    /// <param name="closingNote">See <see cref="Screenshots"/>.</param>
    /// <param name="say">Gets a line for the attempt's log.</param>
    public AttemptEvidence(AdbDevice device, string folder, string closingNote, VideoPolicy policy, TimeProvider time, Action<string> say)
    {
        (this.device, this.folder, this.policy, this.time, this.say) = (device, folder, policy, time, say);
        adb = new AdbClient(device.AdbPort, time);
        Screenshots = new Screenshots(CaptureAsync, folder, closingNote, time);
        log = new DeviceLog(adb, device.Serial, Path.Combine(folder, DeviceLog.Name), time).FollowAsync(end.Token);
    }

    public Screenshots Screenshots { get; }

    /// <summary>The tests are about to start.</summary>
    public void StartVideo()
    {
        if (policy != VideoPolicy.Off) video = new ScreenVideo(adb, device.Serial, folder, time, say).FilmAsync(end.Token);
    }

    private async Task<byte[]> CaptureAsync(CancellationToken cancel)
    {
        using var png = new MemoryStream();
        await adb.StreamAsync(device.Serial, "screencap -p", bytes => png.WriteAsync(bytes, cancel), cancel).ConfigureAwait(false);
        return png.ToArray();
    }

    /// <summary>Ends what still runs on the phone.</summary>
    public async ValueTask DisposeAsync()
    {
        if (end.IsCancellationRequested) return;
        await end.CancelAsync().ConfigureAwait(false);
        try
        {
            await Task.WhenAll(log, video).WaitAsync(EndLimit, time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException or IOException or UnauthorizedAccessException)
        {
            // Ended by us; or a disk that is full or stands still, and the files have what they have.
        }

        end.Dispose();
    }

    /// <summary>Nobody watches how something passed; unless they said so.</summary>
    public void DropVideo()
    {
        if (policy == VideoPolicy.Always) return;
        foreach (var file in ScreenVideo.Files(folder).ToList()) File.Delete(file);
    }
}
