using System.Globalization;
using System.Net.Http.Headers;
using Qgjob.Agent.Android;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Processes;
using Qgjob.Agent.Toolchain;

namespace Qgjob.Agent.Gateway;

/// <summary>A long-lived Appium server for one phone.</summary>
internal sealed class AppiumServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly HttpClient http;
    private readonly OwnedProcess? process;
    private readonly AppiumLog? log;
    private readonly DirectoryInfo? temporary;

    private AppiumServer(AdbDevice device, int port, int systemPort, OwnedProcess? process, AppiumLog? log, DirectoryInfo? temporary)
    {
        (Device, Port, SystemPort, this.process, this.log, this.temporary) = (device, port, systemPort, process, log, temporary);
        var handler = new SocketsHttpHandler { UseProxy = false, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2) };
        http = new HttpClient(handler) { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public AdbDevice Device { get; }

    public int Port { get; }

    /// <summary>The host's end of the driver's connection into the phone; no two phones may share one.</summary>
    public int SystemPort { get; }

    public bool IsAlive => !IsDoubtful && process is not { Exited.IsCompleted: true };

    /// <summary>Something was broken off halfway; nobody knows what it is doing.</summary>
    public bool IsDoubtful { get; set; }

    /// <summary>A session that no test uses at the moment.</summary>
    public AppiumSession? Idle { get; set; }

    /// <summary>A session was made before, so the driver's helper apps are on the phone.</summary>
    public bool DeviceReady { get; set; }

    public static async Task<AppiumServer> StartAsync(
        AppiumToolchain toolchain, AndroidSdk sdk, AdbDevice device, string logFile, TimeProvider time, CancellationToken cancel)
    {
        var port = LoopbackPort.Free();
        var log = new AppiumLog(logFile);
        // Appium does not clean up when it is ended.
        var temporary = Directory.CreateTempSubdirectory("qgjob-appium-");
        var environment = new Dictionary<string, string?>(sdk.Environment)
        {
            ["APPIUM_HOME"] = toolchain.Folder,
            ["APPIUM_TMP_DIR"] = temporary.FullName,
            ["NODE_OPTIONS"] = null,
        };
        var spec = new ProcessSpec(
            toolchain.Node,
            [toolchain.AppiumScript, "server", "--address", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--log-no-colors", "--log-timestamp", "--use-drivers", "uiautomator2"],
            Path.GetTempPath(), environment, ProcessMark.Once("appium"));
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var process = OwnedProcess.Start(spec, line =>
        {
            log.Write(line);
            if (line.Contains("REST http interface listener started", StringComparison.Ordinal)) started.TrySetResult();
        }, time);
        var server = new AppiumServer(device, port, LoopbackPort.Free(), process, log, temporary);
        try
        {
            await Task.WhenAny(started.Task, process.Exited).WaitAsync(StartLimit, time, cancel).ConfigureAwait(false);
            if (process.Exited.IsCompleted) throw new InvalidOperationException($"Appium ended at once; its log is {logFile}.");
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>An Appium that someone else runs.</summary>
    public static AppiumServer At(AdbDevice device, int port) => new(device, port, LoopbackPort.Free(), null, null, null);

    /// <summary>Copies what is logged from now on into another file as well, until the returned object is disposed.</summary>
    public IDisposable? CopyLogTo(string file) => log?.CopyTo(file);

    /// <exception cref="HttpRequestException">Appium is gone.</exception>
    public async Task<HttpReply> SendAsync(string method, string path, byte[]? body, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is { Length: > 0 })
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        }

        try
        {
            using var response = await http.SendAsync(request, cancel).ConfigureAwait(false);
            return new HttpReply((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancel).ConfigureAwait(false));
        }
        catch (ObjectDisposedException e)
        {
            throw new HttpRequestException("the server was ended, since its phone left", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // SIGTERM lets Appium end its sessions, and with them what runs on the phone.
        if (process is not null) await process.DisposeAsync().ConfigureAwait(false);
        http.Dispose();
        log?.Dispose();
        try
        {
            temporary?.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A process that is just ending may write once more; the system's cleaner gets the rest.
        }
    }
}
