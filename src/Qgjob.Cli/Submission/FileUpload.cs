using System.Globalization;
using System.Net;
using Qgjob.Cli.Output;

namespace Qgjob.Cli.Submission;

/// <summary>A file as the body of a request, streamed, with progress on standard error.</summary>
internal sealed class FileUpload(string file, string name, Surroundings world) : HttpContent
{
    /// <summary>No upload takes longer; a server that takes no bytes does not hold the command for ever.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private long sent;
    private TimeSpan took;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var content = new FileStream(file, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
        await using (content.ConfigureAwait(false))
        {
            var buffer = new byte[128 << 10];
            var started = world.Time.GetTimestamp();
            var shown = started;
            // After a broken connection it begins anew.
            sent = 0;
            while (await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                sent += read;
                if (!world.Redraw || world.Time.GetElapsedTime(shown) < Every) continue;
                shown = world.Time.GetTimestamp();
                world.Err.Write($"\r{Line(sent, content.Length)}\u001b[K");
            }
            if (world.Redraw) world.Err.Write("\r\u001b[K");
            took = world.Time.GetElapsedTime(started);
        }
    }

    /// <summary>Says that the server has taken it: not before it has said so, for bytes that were sent may still be refused.</summary>
    public void TellAccepted() => world.Err.WriteLine($"uploaded {name}, {Bytes(sent)} in {Durations.Show(took)}");

    protected override bool TryComputeLength(out long length)
    {
        length = new FileInfo(file).Length;
        return true;
    }

    private string Line(long sent, long total) => $"uploading {name}  {(total == 0 ? 100 : sent * 100 / total)}%  {Bytes(sent)} of {Bytes(total)}";

    public static string Bytes(long bytes) => bytes switch
    {
        < 1_000 => $"{bytes} B",
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.#} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
    };
}
