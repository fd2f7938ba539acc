using System.Globalization;
using Qgjob.Agent.Devices;
using Qgjob.Core.Video;

namespace Qgjob.Agent.Evidence;

/// <summary>
/// Films the phone's screen in parts of three minutes, Android's limit. The stream comes over adb and is written as it
/// comes: nothing lies on the phone, nothing is fetched at the end, and a phone that dies leaves what it had shown.
/// </summary>
internal sealed class ScreenVideo(AdbClient adb, string serial, string folder, TimeProvider time, Action<string> say)
{
    /// <summary>Nothing came for so long: the latest picture is whole.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);
    private const int MostFailures = 5;
    // Enough to read small text; Android's own is ten times that.
    private const string Command = "screenrecord --bit-rate 2000000 --time-limit 180 --output-format=h264 -";

    public static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"video-{number:00}.mp4");

    public static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(folder, "video-*.mp4*");

    /// <summary>Ends by being cancelled, or when the phone cannot film, which is said once. Never throws.</summary>
    public async Task FilmAsync(CancellationToken until)
    {
        var (number, failures) = (1, 0);
        while (!until.IsCancellationRequested && failures < MostFailures)
        {
            string? trouble;
            var part = new Part(Path.Combine(folder, NameOf(number)), time);
            await using (part.ConfigureAwait(false))
            {
                trouble = await FilmPartAsync(part, until).ConfigureAwait(false);
                if (await part.FinishAsync().ConfigureAwait(false) > 0) (number, failures) = (number + 1, 0);
                else failures++;
            }

            if (until.IsCancellationRequested) return;
            if (failures > 0 && number == 1)
            {
                say($"qgjob: no video of the screen: {trouble ?? part.Preamble ?? "screenrecord showed nothing"}");
                return;
            }

            if (trouble is not null || failures > 0) await QuietlyAsync(Task.Delay(Again, time, until)).ConfigureAwait(false);
        }
    }

    /// <returns>What went wrong; null when its time was over.</returns>
    private async Task<string?> FilmPartAsync(Part part, CancellationToken until)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(until);
        var idle = FlushWhenIdleAsync(part, ended.Token);
        try
        {
            var result = await adb.StreamAsync(serial, Command, part.TakeAsync, until).ConfigureAwait(false);
            return result.ExitCode == 0 ? null : result.Error.Trim() is { Length: > 0 } error ? error : $"screenrecord ended with {result.ExitCode}";
        }
        catch (Exception e) when (e is AdbException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await QuietlyAsync(idle).ConfigureAwait(false);
        }
    }

    private async Task FlushWhenIdleAsync(Part part, CancellationToken ended)
    {
        while (true)
        {
            await Task.Delay(Idle, time, ended).ConfigureAwait(false);
            await part.FlushAsync(Idle).ConfigureAwait(false);
        }
    }

    private static async Task QuietlyAsync(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidDataException or IOException)
        {
            // Ended by us, or the disk is full: what is in the file counts.
        }
    }

    /// <summary>One run of screenrecord.</summary>
    private sealed class Part(string file, TimeProvider time) : IAsyncDisposable
    {
        private readonly SemaphoreSlim gate = new(1);
        private readonly H264Reader stream = new();
        private readonly Mp4Recording recording = new(file);
        private readonly long start = time.GetTimestamp();
        private TimeSpan latest;

        /// <summary>What was said instead of a video.</summary>
        public string? Preamble => stream.Preamble.Trim() is { Length: > 0 } said ? said : null;

        public async ValueTask TakeAsync(ReadOnlyMemory<byte> bytes)
        {
            await gate.WaitAsync().ConfigureAwait(false);
            try
            {
                latest = time.GetElapsedTime(start);
                foreach (var picture in stream.Add(bytes.Span, latest)) await recording.AddAsync(picture, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                gate.Release();
            }
        }

        public async Task FlushAsync(TimeSpan idle)
        {
            await gate.WaitAsync().ConfigureAwait(false);
            try
            {
                if (time.GetElapsedTime(start) - latest < idle) return;
                foreach (var picture in stream.Flush()) await recording.AddAsync(picture, CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                gate.Release();
            }
        }

        /// <returns>How many pictures it has.</returns>
        public async Task<int> FinishAsync()
        {
            try
            {
                await FlushAsync(TimeSpan.Zero).ConfigureAwait(false);
                await recording.FinishAsync(time.GetElapsedTime(start), CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                // As far as it came, it can be played.
            }

            return recording.Pictures;
        }

        public async ValueTask DisposeAsync()
        {
            await recording.DisposeAsync().ConfigureAwait(false);
            gate.Dispose();
        }
    }
}
