using System.CommandLine;
using System.Net;
using Qgjob.Cli.Output;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class DevicesCommand
{
    public static Command Create(Bind bind)
    {
        var note = new Option<string?>("--note") { Description = "Why; shown to everybody", HelpName = "TEXT" };
        return new Command("devices", "The devices that agents offer")
        {
            List(bind),
            Show(bind),
            Order(bind, "pause", "Gives the device no more jobs; what runs on it ends in peace", note),
            Order(bind, "resume", "Gives the device jobs again", null),
            Order(bind, "release", "Ends what runs on the device and gives it back at once", null),
        };
    }

    private static Command List(Bind bind)
    {
        var command = new Command("list", "Lists the devices");
        bind(command, async (call, cancel) =>
        {
            var list = await call.Client.ListDevicesAsync(cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("devices", list, WireJson.Default.ListOfDeviceView);
            else
                Columns.Write(call, ["DEVICE", "STATE", "JOB", "OS", "MODEL", "APPS", "TARGET", "TAGS", "NOTE"], list.Items.Select(d => (IReadOnlyList<string?>)
                [
                    d.DeviceId, d.State, d.JobId, $"{Words.Of(d.Platform)} {d.OsVersion}", d.Model, string.Join(',', d.Residents.Select(r => r.AppVersionId)),
                    Words.Of(d.Target) + (d.Virtual ? " (virtual)" : ""), string.Join(',', d.Tags), d.Note,
                ]));
            if (!call.Json && list.Items.Count == 0) call.Err.WriteLine("No agent offers a device. Start one where the phones are: qgjob agent");
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Show(Bind bind)
    {
        var id = new Argument<string>("device") { Description = "The device" };
        var command = new Command("show", "Shows a device") { id };
        bind(command, async (call, cancel) =>
        {
            var device = await call.Client.FindDeviceAsync(call.Value(id)!, cancel).ConfigureAwait(false) ?? throw Unknown(call.Value(id)!);
            Write(call, device);
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Order(Bind bind, string order, string description, Option<string?>? note)
    {
        var id = new Argument<string>("device") { Description = "The device" };
        var command = new Command(order, description) { id };
        if (note is not null) command.Options.Add(note);
        bind(command, async (call, cancel) =>
        {
            try
            {
                Write(call, await call.Client.OrderDeviceAsync(call.Value(id)!, order, note is null ? null : call.Value(note), cancel).ConfigureAwait(false));
            }
            catch (ApiException e) when (e.Status is HttpStatusCode.NotFound)
            {
                throw Unknown(call.Value(id)!);
            }
            return ExitCode.Passed;
        });
        return command;
    }

    private static CliException Unknown(string id) => CliException.Unknown("device", id, "'qgjob devices list' shows the devices.");

    private static void Write(Call call, DeviceView device)
    {
        if (call.Json)
        {
            call.WriteJson("device", device, WireJson.Default.DeviceView);
            return;
        }
        (string, string?)[] facts =
        [
            ("device", device.DeviceId), ("state", device.State), ("note", device.Note), ("job", device.JobId), ("agent", device.AgentId),
            ("os", $"{Words.Of(device.Platform)} {device.OsVersion}"), ("model", device.Model + (device.Virtual ? " (virtual)" : "")),
            ("target", Words.Of(device.Target)), ("tags", string.Join(',', device.Tags)),
            ("apps", string.Join(", ", device.Residents.Select(r => $"{r.PackageId} ({r.AppVersionId})"))),
            ("installs", $"{device.Installs} in {device.Attempts} attempts"),
        ];
        foreach (var (name, value) in facts)
            if (!string.IsNullOrEmpty(value)) call.Out.WriteLine($"{name,-10} {SafeText.Line(value)}");
    }
}
