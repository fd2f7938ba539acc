using System.Text;
using System.Text.RegularExpressions;
using Qgjob.Agent.Devices;

namespace Qgjob.Agent.Evidence;

/// <summary>The phone's own log (logcat) while an attempt lasts, in a file that has each line as soon as the phone wrote it.</summary>
internal sealed partial class DeviceLog(AdbClient adb, string serial, string file, TimeProvider time)
{
    public const string Name = "logcat.txt";
    private const long MaxBytes = 64L << 20;
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    /// <summary>Ends by being cancelled. A phone that was away goes on where its log broke off.</summary>
    public async Task FollowAsync(CancellationToken until)
    {
        using var target = new FileStream(file, FileMode.Create, FileAccess.ReadWrite, FileShare.Read, bufferSize: 1);
        // The newest line, and all that come. Not the hour: the phone's clock is its own.
        var from = "1";
        while (target.Length < MaxBytes)
        {
            string ended;
            try
            {
                await adb.StreamAsync(serial, $"logcat -v threadtime -T {from}", async bytes =>
                {
                    if (target.Length < MaxBytes) await target.WriteAsync(bytes, until).ConfigureAwait(false);
                    else throw new AdbException("full");
                }, until).ConfigureAwait(false);
                ended = "logcat ended";
            }
            catch (AdbException e)
            {
                ended = e.Message;
            }

            if (target.Length >= MaxBytes) break;
            if (LastTime(target) is { } last) from = $"'{last}'";
            Say(target, $"interrupted: {ended}");
            await Task.Delay(Again, time, until).ConfigureAwait(false);
        }

        Say(target, $"ends here: it is at most {MaxBytes >> 20} MiB long");
    }

    private static void Say(FileStream target, string text) => target.Write(Encoding.UTF8.GetBytes($"--------- qgjob: the log is {text}\n"));

    private static string? LastTime(FileStream target)
    {
        var end = new byte[Math.Min(target.Length, 16 << 10)];
        target.Position = target.Length - end.Length;
        target.ReadExactly(end);
        return Times().Matches(Encoding.UTF8.GetString(end)) is [.., var last] ? last.Value : null;
    }

    [GeneratedRegex(@"^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", RegexOptions.Multiline)]
    private static partial Regex Times();
}
