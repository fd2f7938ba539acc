using System.CommandLine;
using System.Text;
using Qgjob.Cli.Output;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli.Commands;

internal static class ResourcesCommand
{
    public static Command Create(Bind bind) =>
        new("resources", "Named resources that tests take one unit of while they run: test accounts, back ends, licences") { List(bind), Set(bind), Remove(bind) };

    private static Option<string?> Org() => new("--org-id") { Description = "The org (QGJOB_ORG)", HelpName = "ORG" };

    private static Command List(Bind bind)
    {
        var org = Org();
        var values = new Option<bool>("--show-values") { Description = "Show the units themselves, which may be secrets" };
        var command = new Command("list", "Lists an org's resources: how many units are free, and who holds the others") { org, values };
        bind(command, async (call, cancel) =>
        {
            var list = await call.Client.ListResourcesAsync(call.Org(org), call.Value(values), cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("resources", list, WireJson.Default.ListOfResourceView);
            else if (call.Value(values)) WriteUnits(call, list.Items);
            else
                Columns.Write(call, ["RESOURCE", "FREE", "HELD BY", "VARIABLE"], list.Items.Select(r => (IReadOnlyList<string?>)
                    [r.Name, $"{r.Free} of {r.Units}", string.Join(", ", r.Holders.Select(Show)), r.Variable]));
            if (!call.Json && list.Items.Count == 0) call.Err.WriteLine("The org has no resources. 'qgjob resources set NAME --unit VALUE' defines one.");
            return ExitCode.Passed;
        });
        return command;
    }

    /// <summary>One line for each unit.</summary>
    private static void WriteUnits(Call call, IReadOnlyList<ResourceView> resources)
    {
        var rows = new List<IReadOnlyList<string?>>();
        foreach (var resource in resources)
        {
            var held = resource.Holders.Where(h => !h.Leaving && h.Value is not null).ToDictionary(h => h.Value!, StringComparer.Ordinal);
            rows.AddRange((resource.Values ?? []).Select(v => (IReadOnlyList<string?>)[resource.Name, v, held.TryGetValue(v, out var holder) ? Show(holder) : null]));
            rows.AddRange(resource.Holders.Where(h => h.Leaving).Select(h => (IReadOnlyList<string?>)[resource.Name, h.Value, Show(h)]));
        }
        Columns.Write(call, ["RESOURCE", "UNIT", "HELD BY"], rows);
    }

    private static string Show(ResourceHolder holder) =>
        $"{holder.DeviceId}{(holder.JobId is null ? "" : $" ({holder.JobId})")}{(holder.Leaving ? ", goes then" : "")}";

    private static Command Set(Bind bind)
    {
        var name = new Argument<string>("name") { Description = "The resource, such as account:checkout" };
        var org = Org();
        var units = new Option<string[]>("--unit") { Description = "A unit: what one test gets; may be repeated", HelpName = "VALUE" };
        var from = new Option<string?>("--units-from") { Description = "A file with one unit on each line, or - for standard input: for secrets", HelpName = "FILE" };
        var command = new Command("set", "Defines a resource by its units, all of them; what tests hold stays theirs until they end") { name, org, units, from };
        bind(command, async (call, cancel) =>
        {
            var (orgId, id) = (call.Org(org), Call.Name("resource", call.Value(name)!));
            if (call.Values(units).Count > 0 == call.Value(from) is not null)
                throw CliException.Usage(call.Value(from) is null ? "No unit is given." : "--unit and --units-from exclude each other.", "Add --unit VALUE for each unit, or --units-from FILE.");
            var values = call.Value(from) is { } file ? await ReadAsync(call, file, cancel).ConfigureAwait(false) : call.Values(units);
            if (values.Count == 0) throw CliException.Usage($"{(call.Value(from) is "-" ? "Standard input" : call.Value(from))} holds no unit.", "Write one on each line; 'qgjob resources remove' removes a resource.");
            var resource = await call.Client.SetResourceAsync(orgId, id, values, cancel).ConfigureAwait(false);
            if (call.Json) call.WriteJson("resource", resource, WireJson.Default.ResourceView);
            else
            {
                call.Out.WriteLine($"{resource.Name}: {Quantity.Of(resource.Units, "unit")}, {resource.Free} free; tests find theirs in {resource.Variable}");
                if (resource.Holders.Count(h => h.Leaving) is > 0 and var leaving)
                    call.Err.WriteLine($"{Quantity.Of(leaving, "unit")} that {(leaving == 1 ? "is" : "are")} not defined any more stay{(leaving == 1 ? "s" : "")} with the test that holds {(leaving == 1 ? "it" : "them")}, until that ends.");
            }
            return ExitCode.Passed;
        });
        return command;
    }

    private static Command Remove(Bind bind)
    {
        var name = new Argument<string>("name") { Description = "The resource" };
        var org = Org();
        var command = new Command("remove", "Removes a resource; jobs that need it wait until it is defined again") { name, org };
        bind(command, async (call, cancel) =>
        {
            var (orgId, id) = (call.Org(org), Call.Name("resource", call.Value(name)!));
            if (!await call.Client.RemoveResourceAsync(orgId, id, cancel).ConfigureAwait(false))
                throw CliException.Unknown("resource", $"{id} of {orgId}", "'qgjob resources list' shows them.");
            if (call.Json) call.WriteJson("removed", new RemovedDocument(id), CliJson.Default.RemovedDocument);
            else call.Out.WriteLine($"removed {id}");
            return ExitCode.Passed;
        });
        return command;
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(Call call, string file, CancellationToken cancel)
    {
        var path = Path.GetFullPath(file, call.World.CurrentFolder);
        if (file != "-" && !File.Exists(path)) throw CliException.Usage($"There is no file {path}.", "Give a file with one unit on each line, or - for standard input.");
        using var reader = new StreamReader(file == "-" ? call.World.OpenIn() : File.OpenRead(path), Encoding.UTF8);
        var text = await reader.ReadToEndAsync(cancel).ConfigureAwait(false);
        return [.. text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => !string.IsNullOrWhiteSpace(line))];
    }
}
