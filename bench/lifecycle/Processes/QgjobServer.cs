using System.Globalization;
using System.Net;

namespace Qgjob.Lifecycle.Processes;

/// <summary>A qgjob-server process on a port of its own.</summary>
internal sealed class QgjobServer(OwnedProcess process, IPEndPoint address) : IAsyncDisposable
{
    public IPEndPoint Address => address;
    public double CpuSeconds => Cpu.Of(process.Pid);
    public int Pid => process.Pid;

    public static async Task<QgjobServer> StartAsync(string program, StoreHome store, string folder, CancellationToken cancel)
    {
        var ready = Path.Combine(folder, "ready");
        File.Delete(ready);
        var log = Path.Combine(folder, "server.log");
        var process = OwnedProcess.Start(program,
            ["--data", Path.Combine(folder, "server"), "--store", store.Url, "--urls", "http://127.0.0.1:0", "--ready-file", ready,
            // The history that was imported is old, and is to stay.
            "--keep", "3650d"], log);
        // A store with millions of jobs takes its time to load.
        for (var tries = 0; !File.Exists(ready); tries++)
        {
            if (process.HasEnded || tries > 12_000) throw new InvalidOperationException($"the server did not start: {await File.ReadAllTextAsync(log, cancel)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancel);
        }
        var url = new Uri((await File.ReadAllTextAsync(ready, cancel)).Trim());
        return new QgjobServer(process, new IPEndPoint(IPAddress.Parse(url.Host), int.Parse(url.Port.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)));
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
