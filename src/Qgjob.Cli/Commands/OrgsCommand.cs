using System.CommandLine;
using System.Globalization;
using Qgjob.Cli.Output;
using Qgjob.Cli.Submission;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class OrgsCommand
{
    private const string None = "none";

    public static Command Create(Bind bind) =>
        new("orgs", "Orgs: their share of the devices and their limits") { List(bind), Set(bind) };

    private static Command List(Bind bind)
    {
        var command = new Command("list", "Lists orgs with their share, limits, devices in use and jobs that wait");
        bind(command, async (call, cancel) =>
        {
            var list = await call.Client.ListOrgsAsync(cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("orgs", list, WireJson.Default.ListOfOrgView);
            else
                Columns.Write(call, ["ORG", "SHARE", "DEVICES IN USE", "JOBS WAITING", "WEIGHT", "MOST DEVICES", "HIGHEST PRIORITY", "CLOUD THIS MONTH"],
                    list.Items.Select(o => (IReadOnlyList<string?>)
                    [
                        o.OrgId, string.Create(CultureInfo.InvariantCulture, $"{o.Share * 100:0.#} %"), $"{o.DevicesInUse}", $"{o.JobsWaiting}",
                        WeightOf(o), $"{o.MaxDevices}", PriorityText.Show(o.MaxPriority), Durations.Cloud(o.CloudSeconds, o.MaxCloudMinutes),
                    ]));
            if (!call.Json && list.Items.Count == 0) call.Err.WriteLine("No org is known. The first submission or 'qgjob orgs set' makes one.");
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Set(Bind bind)
    {
        var id = new Argument<string>("org") { Description = "The org" };
        var weight = new Option<string?>("--weight") { Description = "Share relative to other orgs', 0.01 to 1000 (at first 1)", HelpName = "W" };
        var devices = new Option<string?>("--max-devices") { Description = "Devices that it may use at once, or none for no limit", HelpName = "N" };
        var priority = new Option<string?>("--max-priority") { Description = "Highest priority that its jobs get, or none for no cap", HelpName = "P" };
        var keep = new Option<string?>("--keep-days") { Description = "Days that its finished runs are kept, or none for what the server keeps", HelpName = "N" };
        var disk = new Option<string?>("--max-disk-gb") { Description = "Room for its logs and artifacts in GB, or none for no limit of its own", HelpName = "N" };
        var cloud = new Option<string?>("--max-cloud-minutes") { Description = "Minutes that its BrowserStack sessions may be open in a calendar month, or none for no limit", HelpName = "N" };
        var command = new Command("set", "Sets an org's share and limits; what is not given stays as it is") { id, weight, devices, priority, keep, disk, cloud };
        bind(command, async (call, cancel) =>
        {
            var org = Call.Name("org", call.Value(id)!);
            var (w, d, p) = (call.Value(weight), call.Value(devices), call.Value(priority));
            var (k, g, c) = (call.Value(keep), call.Value(disk), call.Value(cloud));
            if (w is null && d is null && p is null && k is null && g is null && c is null)
                throw CliException.Usage("Nothing is to be set.", "Add --weight, --max-devices, --max-priority, --keep-days, --max-disk-gb or --max-cloud-minutes.");
            // Mistakes are found before anything is asked.
            var asked = new OrgSettings
            {
                Weight = ParseWeight(w),
                MaxDevices = ParseDevices(d),
                MaxPriority = ParsePriority(p),
                KeepDays = ParseWhole("--keep-days", k, 1, 36_500, "days"),
                MaxDiskGb = ParseWhole("--max-disk-gb", g, 0, 1_000_000, "gigabytes"),
                MaxCloudMinutes = ParseWhole("--max-cloud-minutes", c, 0, 1_000_000, "minutes"),
            };
            var now = (await call.Client.ListOrgsAsync(cancel).ConfigureAwait(false)).Items.FirstOrDefault(o => o.OrgId == org);
            var view = await call.Client.SetOrgAsync(org, new OrgSettings
            {
                Weight = w is null ? now?.Weight : asked.Weight,
                MaxDevices = d is null ? now?.MaxDevices : asked.MaxDevices,
                MaxPriority = p is null ? now?.MaxPriority : asked.MaxPriority,
                KeepDays = k is null ? now?.KeepDays : asked.KeepDays,
                MaxDiskGb = g is null ? now?.MaxDiskGb : asked.MaxDiskGb,
                MaxCloudMinutes = c is null ? now?.MaxCloudMinutes : asked.MaxCloudMinutes,
            }, cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("org", view, WireJson.Default.OrgView);
            else
                call.Out.WriteLine($"{view.OrgId}: weight {WeightOf(view)}, {(view.MaxDevices is { } most ? $"at most {Quantity.Of(most, "device")}" : "no limit of devices")}, "
                    + (view.MaxPriority is null ? "no cap of priority" : $"priority {PriorityText.Show(view.MaxPriority)} at most")
                    + (view.KeepDays is { } days ? $", runs kept {Quantity.Of(days, "day")}" : "")
                    + (view.MaxCloudMinutes is { } minutes ? $", {minutes} cloud minutes a month at most" : "")
                    + (view.MaxDiskGb is { } gb ? $", {gb} GB of logs and artifacts at most" : ""));
            return ExitCode.Passed;
        });
        return command;
    }

    private static string WeightOf(OrgView org) => org.Weight.ToString("0.##", CultureInfo.InvariantCulture);

    private static double? ParseWeight(string? text) =>
        text is null ? null
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value is >= 0.01 and <= 1000 ? value
        : throw CliException.Usage($"--weight: '{text}' is not a number from 0.01 to 1000.", "An org with weight 2 gets twice the share of one with 1.");

    private static int? ParseDevices(string? text) =>
        text is null or None ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= 1_000_000 ? value
        : throw CliException.Usage($"--max-devices: '{text}' is not a number of devices.", "Give a whole number, 0 for no device at all, or none for no limit.");

    private static int? ParseWhole(string option, string? text, int least, int most, string what) =>
        text is null or None ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value
        : throw CliException.Usage($"{option}: '{text}' is not a number of {what} from {least} to {most}.", "Give a whole number, or none for the server's own setting.");

    private static int? ParsePriority(string? text) => text is null or None ? null : PriorityText.Parse("--max-priority", text);
}
