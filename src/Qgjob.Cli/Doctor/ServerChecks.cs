using System.Net;
using Qgjob.Agent.Checks;
using Qgjob.Cli.Commands;
using Qgjob.Client.Http;

namespace Qgjob.Cli.Doctor;

/// <summary>The server: there, of this version, open to this token, and with devices.</summary>
internal static class ServerChecks
{
    private const string Area = "server";

    public static async Task<IReadOnlyList<Finding>> RunAsync(Call call, CancellationToken cancel)
    {
        var server = string.Join(", ", call.Settings.Urls.Select(u => u.ToString()));
        var findings = new List<Finding>();
        try
        {
            var health = await call.Client.HealthAsync(cancel).ConfigureAwait(false);
            if (health is null) return [NotQgjob(server, "it has no /readyz")];
            var own = VersionCommand.Version.Split('+')[0];
            server = call.Client.Server.ToString();
            findings.Add(health.Version == own
                ? Finding.Ok(Area, "server", $"{server} answers, version {health.Version}")
                : Finding.Warning(Area, "server", $"{server} has version {health.Version}, this program {own}.", "Use the same version of both."));
            var agents = await call.Client.ListAgentsAsync(cancel).ConfigureAwait(false);
            findings.Add(Finding.Ok(Area, "token", call.Settings switch
            {
                { Oidc: { } oidc } => $"it takes GitHub's OIDC token for '{oidc.Audience}', or asks for none",
                { Token: null } => "it asks for no token",
                _ => "it takes the token, or asks for none",
            }));
            var online = agents.Items.Count(a => a.Online);
            findings.Add(online > 0
                ? Finding.Ok(Area, "agents", $"agents online: {online}")
                : Finding.Warning(Area, "agents", agents.Items.Count == 0 ? "No agent has ever registered." : $"None of {agents.Items.Count} agents is online.", $"Start one where the phones are: qgjob agent --url {server.Replace(", ", ",", StringComparison.Ordinal)}"));
            if (online == 0) return findings;
            var devices = (await call.Client.ListDevicesAsync(cancel).ConfigureAwait(false)).Items;
            var usable = devices.Count(d => d.State is "free" or "busy");
            findings.Add(usable > 0
                ? Finding.Ok(Area, "devices", $"devices that take jobs: {usable} of {devices.Count}")
                : Finding.Warning(Area, "devices", "No device takes jobs.", "See why: qgjob devices list; a paused one comes back with qgjob devices resume DEVICE"));
        }
        catch (ServerUnreachableException e) when (e.InnerException is InvalidDataException notJson)
        {
            findings.Add(NotQgjob(server, notJson.Message));
        }
        catch (ServerUnreachableException e)
        {
            findings.Add(Finding.Problem(Area, "server", $"No answer from {server}: {e.InnerException!.Message}", "Start it with qgjob-server, or give its address with --url or QGJOB_URL."));
        }
        catch (ApiException e) when (e.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            findings.Add(Finding.Problem(Area, "token", e.Message, "Give the server's token with --token or QGJOB_TOKEN; the server showed it at its first start."));
        }
        catch (ActionsTokenException e)
        {
            findings.Add(Finding.Problem(Area, "token", e.Message, "Give the workflow's job 'permissions: id-token: write', or set QGJOB_TOKEN."));
        }
        catch (ApiException e) when (e.Status is HttpStatusCode.ServiceUnavailable)
        {
            findings.Add(Finding.Problem(Area, "server", $"{server} is not ready: {e.Message}", "Its log says why; often its disk is full or its store away."));
        }
        catch (ApiException e)
        {
            findings.Add(NotQgjob(server, e.Message));
        }
        return findings;
    }

    private static Finding NotQgjob(string server, string why) =>
        Finding.Problem(Area, "server", $"What answers at {server} is not a qgjob server: {why}", "Give the server's address with --url or QGJOB_URL.");
}
