using System.Globalization;
using Qgjob.Core.Video;
using Qgjob.Phones.Drawing;
using Qgjob.Phones.Video;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>
/// screenrecord: MP4 into a file, or with --output-format=h264 the bare stream into a file or, for "-", to the host. As on
/// Android a picture comes only when the screen has changed, and it ends after --time-limit, at most 180 s.
/// </summary>
internal static class ScreenrecordCommand
{
    // Enough to show each screen that a test sees.
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(100);
    private const int Longest = 180;

    public static async ValueTask<int> RunAsync(ShellCall call, CancellationToken cancel)
    {
        var limit = Longest;
        var raw = false;
        string? target = null;
        for (var i = 0; i < call.Args.Count; i++)
        {
            var (name, value) = call.Args[i].Split('=', 2) is [var left, var right] ? (left, right) : (call.Args[i], null);
            switch (name)
            {
                case "--time-limit" when int.TryParse(value ?? call.Arg(++i), CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= Longest:
                    limit = seconds;
                    break;
                case "--bit-rate" when int.TryParse(value ?? call.Arg(++i), CultureInfo.InvariantCulture, out var rate) && rate is >= 100_000 and <= 200_000_000:
                    break; // Nothing is lost at any rate: a drawn screen is small.
                case "--output-format" when (value ?? call.Arg(++i)) is var format && format is "h264" or "mp4":
                    raw = format == "h264";
                    break;
                case not "-" when name.StartsWith('-'):
                    return await call.UnknownAsync(cancel, exitCode: 1);
                default:
                    target = call.Args[i];
                    break;
            }
        }

        if (target is null || (target == "-" && !raw))
            return await call.FailAsync("Must specify output file (see --help).", cancel, exitCode: 2);
        if (call.Phone.Faults.NoRecorder)
            return await call.FailAsync("Encoder failed (err=-38)", cancel);
        if (target == "-")
            return await RecordAsync(call, limit, (picture, _, c) => call.Io.Output.WriteAsync(picture, c).AsTask(), cancel);
        return FileContent.MayWrite(call.Phone, call.Path(target))
            ? await ToFileAsync(call, limit, raw, call.Path(target), cancel)
            : await call.FailAsync($"Unable to open '{target}': Permission denied", cancel);
    }

    private static async Task<int> ToFileAsync(ShellCall call, int limit, bool raw, string target, CancellationToken cancel)
    {
        var draft = Path.GetTempFileName();
        try
        {
            var start = call.Phone.Time.GetTimestamp();
            await using var bare = raw ? new FileStream(draft, FileMode.Create) : null;
            await using var recording = new Mp4Recording(draft);
            var stream = new H264Reader();
            // Whoever hangs up gets the file all the same: screenrecord ends it at SIGHUP.
            await RecordAsync(call, limit, async (picture, at, _) =>
            {
                if (bare is not null)
                    await bare.WriteAsync(picture, CancellationToken.None);
                if (bare is not null)
                    return;
                foreach (var unit in stream.Add(picture, at).Concat(stream.Flush()))
                    await recording.AddAsync(unit, CancellationToken.None);
            }, cancel);
            if (bare is not null)
                await bare.DisposeAsync();
            else
                await recording.FinishAsync(call.Phone.Time.GetElapsedTime(start), CancellationToken.None);
            FileContent.Write(call.Phone, target, await File.ReadAllBytesAsync(draft, CancellationToken.None));
            return 0;
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static async Task<int> RecordAsync(ShellCall call, int limit, Func<byte[], TimeSpan, CancellationToken, Task> write, CancellationToken cancel)
    {
        var time = call.Phone.Time;
        var start = time.GetTimestamp();
        var encoder = new H264Encoder();
        Canvas? last = null;
        try
        {
            while (time.GetElapsedTime(start) is var at && at < TimeSpan.FromSeconds(limit))
            {
                var canvas = ScreenPainter.Draw(call.Phone.Screen.Capture());
                if (last is null || canvas.Width != last.Width || !canvas.Pixels.SequenceEqual(last.Pixels))
                {
                    // A turned screen is another video size; a real phone keeps the size and draws it with borders.
                    if (last is null || canvas.Width == last.Width)
                        await write(encoder.Encode(YuvPicture.From(canvas, ScreenPainter.Palette)), at, cancel);
                    last ??= canvas;
                    if (canvas.Width == last.Width)
                        last = canvas;
                }

                await Task.Delay(Every, time, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The host hung up.
        }

        return 0;
    }
}
