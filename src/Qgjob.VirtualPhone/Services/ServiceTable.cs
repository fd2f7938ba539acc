using System.Text;
using Qgjob.Phones.Adb;
using Qgjob.Phones.Device;
using Qgjob.Phones.Shell.Commands;
using Qgjob.Phones.UiAutomator;

namespace Qgjob.Phones.Services;

/// <summary>The services that adb may open on the phone.</summary>
internal sealed class ServiceTable(PhoneDevice phone)
{
    /// <returns>Null for what the phone refuses.</returns>
    public AdbService? Find(string name)
    {
        if (Choose(name) is not { } service)
            return null;
        return async (stream, cancel) =>
        {
            try
            {
                if (!IsControl(name))
                    await phone.Faults.WhileHangingAsync(cancel);
                await service(stream, cancel);
            }
            catch (Exception ex) when (ex is not (IOException or OperationCanceledException))
            {
                // One failing call must not end the phone. It shows in the counters and in the log.
                phone.Tally.Unhandled($"failed: {name}: {ex.GetType().Name}");
                phone.Log.Write('E', "VirtualPhone", $"{name}: {ex}");
            }
        };
    }

    /// <summary>A phone that hangs can still be told to stop it.</summary>
    private static bool IsControl(string name) =>
        name.StartsWith("shell", StringComparison.Ordinal) && name.Contains(":" + FaultCommand.Name, StringComparison.Ordinal);

    private AdbService? Choose(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var kind = colon < 0 ? name : name[..colon];
        var argument = colon < 0 ? "" : name[(colon + 1)..];
        switch (kind.Split(',')[0])
        {
            case "shell":
                return (stream, cancel) => ShellService.RunAsync(phone, kind.Split(','), argument, stream, cancel);
            case "exec":
                return (stream, cancel) => ShellService.RunAsync(phone, ["exec"], argument, stream, cancel);
            case "sync":
                return (stream, cancel) => new SyncService(phone, stream).RunAsync(cancel);
            case "tcp":
                // As on a phone: refused while nothing listens there.
                return argument == Automator.Port && phone.Automator.Running is { } instrumentation
                    ? (stream, cancel) => Automator.ServeAsync(stream, instrumentation, cancel)
                    : null;
            case "root" or "unroot":
                return SayAsync("adbd cannot run as root in production builds\n");
            case "remount":
                return SayAsync("remount failed: not running as root\n");
            case "reverse" or "reboot" or "jdwp" or "track-jdwp" or "framebuffer" or "localabstract" or "abb" or "abb_exec":
                return null; // known, and refused: this phone does not have them
            default:
                phone.Tally.Unhandled("service: " + name);
                return null;
        }
    }

    private static AdbService SayAsync(string text) =>
        (stream, cancel) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancel).AsTask();
}
