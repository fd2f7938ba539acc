using System.Text;
using Microsoft.Extensions.Time.Testing;
using Qgjob.Phones.Device;
using Qgjob.Phones.Packages;
using Qgjob.Phones.Shell;

namespace Qgjob.Phones.Tests;

/// <summary>A phone without adb around it, for tests that look at one part.</summary>
internal sealed class PhoneBench : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-phone").FullName;

    public PhoneBench(Func<VirtualPhoneOptions, VirtualPhoneOptions>? change = null)
    {
        var options = new VirtualPhoneOptions { Name = "bench", DataFolder = folder };
        Phone = new PhoneDevice(change?.Invoke(options) ?? options, Time);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public PhoneDevice Phone { get; private set; }

    public void Restart()
    {
        Phone.Dispose();
        Phone = new PhoneDevice(Phone.Options, Time);
    }

    public async Task<(int Code, string Output, string Error)> RunAsync(string line, string input = "")
    {
        var (output, error) = (new KeptOutput(), new KeptOutput());
        var io = new ShellIo(new MemoryStream(Encoding.UTF8.GetBytes(input)), output, error);
        var code = await new ShellInterpreter(Phone).RunAsync(line, io, TestContext.Current.CancellationToken);
        return (code, Encoding.UTF8.GetString(output.Bytes), Encoding.UTF8.GetString(error.Bytes));
    }

    public async Task<InstallOutcome> InstallAsync(byte[] apk, InstallFlags flags = default)
    {
        var blob = Phone.Store.NewBlob();
        await File.WriteAllBytesAsync(Phone.Store.BlobPath(blob), apk, TestContext.Current.CancellationToken);
        return await Phone.Packages.InstallAsync(blob, flags, TestContext.Current.CancellationToken);
    }

    public async Task StartAppAsync(string uiJson)
    {
        Assert.IsType<InstallOutcome.Installed>(await InstallAsync(new ApkBuilder().With(ApkBuilder.Manifest(ApkBuilder.Todo)).WithUi(uiJson).Build()));
        var (code, _, error) = await RunAsync($"am start -n {ApkBuilder.Todo}/.MainActivity");
        Assert.Equal((0, ""), (code, error));
    }

    public string Screen() => string.Join(" | ", Phone.Screen.Capture().Nodes.Where(n => n.Children.Count == 0).Select(n => n.Text));

    public void Tap(string text) => Phone.Screen.Tap(Phone.Screen.Capture().Nodes.First(n => n.Text == text));

    public void Dispose()
    {
        Phone.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
