using System.Text.Json;
using Qgjob.Client.Wire;

namespace Qgjob.Cli.Tests.Commands;

public sealed class OrgTests : IAsyncDisposable
{
    private static readonly OrgView Org = new() { OrgId = "o", Weight = 2, MaxDevices = 20, MaxPriority = 1, DevicesInUse = 3, JobsWaiting = 14, Share = 0.6667 };
    private readonly FakeServer server = new FakeServer()
        .On("GET /api/v1/orgs", new ListOf<OrgView>([Org with { CloudSeconds = 125 }]), WireJson.Default.ListOfOrgView)
        .On("PUT /api/v1/orgs/o", Org, WireJson.Default.OrgView)
        .On("PUT /api/v1/orgs/new", Org with { OrgId = "new", MaxDevices = null, MaxPriority = null }, WireJson.Default.OrgView);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Task<CliRun> Run(params string[] args) => CliRun.OfAsync(args, server.Url);

    private OrgSettings Sent() => JsonSerializer.Deserialize(server.Last("PUT /api/v1/orgs/").Body, WireJson.Default.OrgSettings)!;

    [Fact]
    public async Task The_list_shows_share_use_and_limits()
    {
        var lines = (await Run("orgs", "list")).Out.Split('\n');
        Assert.Equal(["ORG", "SHARE", "DEVICES IN USE", "JOBS WAITING", "WEIGHT", "MOST DEVICES", "HIGHEST PRIORITY", "CLOUD THIS MONTH"], lines[0].Split("  ", StringSplitOptions.RemoveEmptyEntries).Select(c => c.Trim()));
        Assert.Equal(["o", "66.7 %", "3", "14", "2", "20", "high", "2 min 05 s"], lines[1].Split("  ", StringSplitOptions.RemoveEmptyEntries).Select(c => c.Trim()));
    }

    [Fact]
    public async Task What_is_not_given_stays_as_it_is()
    {
        var run = await Run("orgs", "set", "o", "--max-devices", "5");
        Assert.Equal((0, "o: weight 2, at most 20 devices, priority high at most\n"), (run.ExitCode, run.Out));
        Assert.Equal(new OrgSettings { Weight = 2, MaxDevices = 5, MaxPriority = 1, KeepDays = null, MaxDiskGb = null, MaxCloudMinutes = null }, Sent());
        await Run("orgs", "set", "o", "--weight", "0.5", "--max-priority", "urgent");
        Assert.Equal(new OrgSettings { Weight = 0.5, MaxDevices = 20, MaxPriority = 2, KeepDays = null, MaxDiskGb = null, MaxCloudMinutes = null }, Sent());
        await Run("orgs", "set", "o", "--max-devices", "none", "--max-priority", "none");
        Assert.Equal(new OrgSettings { Weight = 2, KeepDays = null, MaxDiskGb = null, MaxCloudMinutes = null }, Sent());
        Assert.Contains("no limit of devices, no cap of priority", (await Run("orgs", "set", "new", "--weight", "3")).Out, StringComparison.Ordinal);
        Assert.Equal(new OrgSettings { Weight = 3, KeepDays = null, MaxDiskGb = null, MaxCloudMinutes = null }, Sent());
        await Run("orgs", "set", "o", "--keep-days", "30", "--max-disk-gb", "100");
        Assert.Equal(new OrgSettings { Weight = 2, MaxDevices = 20, MaxPriority = 1, KeepDays = 30, MaxDiskGb = 100, MaxCloudMinutes = null }, Sent());
        await Run("orgs", "set", "o", "--max-cloud-minutes", "600");
        Assert.Equal(new OrgSettings { Weight = 2, MaxDevices = 20, MaxPriority = 1, KeepDays = null, MaxDiskGb = null, MaxCloudMinutes = 600 }, Sent());
    }
}
