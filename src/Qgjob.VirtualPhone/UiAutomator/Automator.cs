using System.Text;
using System.Text.Json.Nodes;
using Qgjob.Phones.Device;
using Qgjob.Phones.Shell;

namespace Qgjob.Phones.UiAutomator;

/// <summary>
/// The UiAutomator2 server: an instrumentation that "am instrument" keeps running, and HTTP on the phone's port 6790
/// while it does. It needs the two packages installed that Appium's driver brings, as on a phone.
/// </summary>
internal sealed class Automator(PhoneDevice phone)
{
    public const string Port = "6790";
    private const string ServerPackage = "io.appium.uiautomator2.server";
    private const string TestPackage = "io.appium.uiautomator2.server.test";

    private Instrumentation? running;

    public Instrumentation? Running => Volatile.Read(ref running);

    /// <summary>Runs until the host closes the call or a package of it is stopped.</summary>
    public async ValueTask<int> RunInstrumentationAsync(ShellCall call, CancellationToken cancel)
    {
        var target = call.LastWord;
        var package = phone.Packages.Find(target.Split('/')[0]);
        if (package?.Instrumentation != target || phone.Packages.Find(package.Manifest.InstrumentationTarget ?? "") is null)
        {
            return await call.PrintAsync($"INSTRUMENTATION_STATUS: id=ActivityManagerService\n"
                + $"INSTRUMENTATION_STATUS: Error=Unable to find instrumentation info for: ComponentInfo{{{target}}}\nINSTRUMENTATION_STATUS_CODE: -1\n"
                + $"android.util.AndroidException: INSTRUMENTATION_FAILED: {target}\n", cancel, 1);
        }

        if (package.Id != TestPackage)
            return await call.UnknownAsync(cancel, 1);
        Running?.End();
        await phone.Pace.StartInstrumentationAsync(cancel);
        phone.Tally.InstrumentationStarted();
        using var instrumentation = new Instrumentation(phone);
        lock (phone.Gate)
        {
            phone.Processes.Start(ServerPackage);
            Volatile.Write(ref running, instrumentation);
        }

        phone.Log.Write('I', "appium", "UiAutomator2 server started on port 6790");
        try
        {
            await instrumentation.WhenEndedAsync(cancel);
            return await call.PrintAsync("INSTRUMENTATION_RESULT: shortMsg=Process crashed.\nINSTRUMENTATION_CODE: 0\n", cancel);
        }
        finally
        {
            instrumentation.End();
            lock (phone.Gate)
            {
                // A later run may have taken over; its process stays.
                if (running == instrumentation)
                {
                    Volatile.Write(ref running, null);
                    phone.Processes.Stop(ServerPackage);
                }
            }
        }
    }

    public void PackageStopped(string package)
    {
        if (package is ServerPackage or TestPackage)
            Running?.End();
    }

    /// <summary>Serves one HTTP connection until the host or the instrumentation ends it.</summary>
    public static async Task ServeAsync(Stream stream, Instrumentation instrumentation, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, instrumentation.Ended);
        var reader = new HttpReader(stream);
        while (true)
        {
            HttpRequest? request;
            try
            {
                request = await reader.ReadAsync(either.Token);
            }
            catch (HttpFormatException ex)
            {
                await RespondAsync(stream, new UiReply(400, "None", UiReply.ErrorValue("unknown command", ex.Message)), false, either.Token);
                return;
            }

            if (request is null)
                return;
            await instrumentation.WhileHangingAsync(either.Token);
            var reply = instrumentation.Api.Handle(request);
            await RespondAsync(stream, reply, request.KeepAlive, either.Token);
            if (!request.KeepAlive)
                return;
        }
    }

    private static async Task RespondAsync(Stream stream, UiReply reply, bool keepAlive, CancellationToken cancel)
    {
        var body = Encoding.UTF8.GetBytes(new JsonObject { ["sessionId"] = reply.SessionId, ["value"] = reply.Value }.ToJsonString());
        var head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {reply.Status} {(reply.Status == 200 ? "OK" : "Error")}\r\nContent-Type: application/json; charset=UTF-8\r\n"
            + $"Content-Length: {body.Length}\r\nConnection: {(keepAlive ? "keep-alive" : "close")}\r\n\r\n");
        await stream.WriteAsync((byte[])[.. head, .. body], cancel);
    }
}
