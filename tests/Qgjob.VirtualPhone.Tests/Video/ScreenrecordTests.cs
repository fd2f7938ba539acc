using System.Buffers.Binary;
using System.Text;
using Qgjob.Core.Video;
using Qgjob.Phones.Shell;

namespace Qgjob.Phones.Tests.Video;

public sealed class ScreenrecordTests : IDisposable
{
    private const string Ui = """
        {"start":"main","screens":{"main":{"views":[{"type":"text","text":"Todos"},{"type":"field","id":"new","hint":"New todo"}]}}}
        """;

    private readonly PhoneBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task A_file_lasts_as_long_as_the_recording()
    {
        var recording = RunAsync("screenrecord --time-limit 3 /sdcard/video.mp4");
        // The recording looks at the clock when it gets its turn: time passes until it has seen enough of it.
        while (!recording.IsCompleted)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(0.1));
            await Task.Yield();
        }

        Assert.Equal(0, await recording);
        using var file = bench.Phone.Files.Open(bench.Phone.Files.Find("/sdcard/video.mp4")!);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, TestContext.Current.CancellationToken);
        if (Environment.GetEnvironmentVariable("QGJOB_KEEP_VIDEO") is { } keep) await File.WriteAllBytesAsync(keep, bytes, TestContext.Current.CancellationToken);
        Assert.Equal("ftyp", Encoding.ASCII.GetString(bytes, 4, 4));
        // The movie header's length in its time scale, milliseconds.
        var header = bytes.AsSpan().IndexOf("mvhd"u8) + 4;
        Assert.Equal(1000u, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(header + 12)));
        Assert.InRange(BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(header + 16)), 2900u, uint.MaxValue);
    }

    [Fact]
    public async Task The_bare_stream_goes_to_the_host_as_it_comes()
    {
        var output = new KeptOutput();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var recording = new ShellInterpreter(bench.Phone).RunAsync(
            "screenrecord --output-format=h264 -", new ShellIo(new MemoryStream(), output, new KeptOutput()), stop.Token);
        var stream = new H264Reader();
        Assert.Empty(stream.Add(output.Bytes, TimeSpan.Zero));
        var picture = Assert.Single(stream.Flush());
        Assert.True(picture.IsKey);
        Assert.Equal(3, picture.Units.Count); // SPS, PPS, the picture
        await stop.CancelAsync();
        Assert.Equal(0, await recording);
    }

    [Theory]
    [InlineData("screenrecord", "Must specify output file")]
    [InlineData("screenrecord -", "Must specify output file")]
    [InlineData("screenrecord --time-limit 181 /sdcard/v.mp4", "does not know")]
    [InlineData("screenrecord /system/v.mp4", "Permission denied")]
    [InlineData("qgjob-fault no-recorder; screenrecord /sdcard/v.mp4", "Encoder failed")]
    public async Task What_it_cannot_do_it_says(string line, string says)
    {
        var (code, _, error) = await bench.RunAsync(line);
        Assert.NotEqual(0, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private async Task<int> RunAsync(string line) => (await bench.RunAsync(line)).Code;
}
