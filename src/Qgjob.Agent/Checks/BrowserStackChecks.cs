using System.Globalization;
using Qgjob.Agent.BrowserStack;

namespace Qgjob.Agent.Checks;

/// <summary>The BrowserStack account, when the environment names one. Only asks; no session is opened.</summary>
internal static class BrowserStackChecks
{
    private const string Area = "browserstack";

    public static async Task<IReadOnlyList<Finding>> RunAsync(Func<string, string?> environment, TimeProvider time, CancellationToken cancel)
    {
        if (!BrowserStackAccount.IsMentioned(environment)) return [];
        try
        {
            var account = BrowserStackAccount.FromEnvironment(environment);
            using var client = new BrowserStackClient(account, time, tries: 2);
            var plan = await client.PlanAsync(cancel).ConfigureAwait(false);
            var models = CloudDeviceChoice.Models(await client.DevicesAsync(cancel).ConfigureAwait(false));
            return
            [
                plan.Most == 0
                    ? Finding.Problem(Area, "plan", $"{account}: its plan has no parallel sessions for App Automate.", "Ask BrowserStack, or take other credentials.")
                    : Finding.Ok(Area, "plan", string.Create(CultureInfo.InvariantCulture, $"{account}: {plan.Most} parallel session{(plan.Most == 1 ? "" : "s")}, {plan.ParallelSessionsRunning} running, {plan.QueuedSessions} waiting")),
                models.Count == 0
                    ? Finding.Problem(Area, "phones", "BrowserStack lists no Android phones.", "Ask BrowserStack.")
                    : Finding.Ok(Area, "phones", string.Create(CultureInfo.InvariantCulture, $"{models.Count} Android phones to choose from")),
            ];
        }
        catch (AgentStartException e)
        {
            return [Finding.Problem(Area, "account", e.Message, $"Set both variables, or neither.")];
        }
        catch (BrowserStackRefusedException e)
        {
            return [Finding.Problem(Area, "account", e.Message, "Copy them again from App Automate's 'Access Key' panel.")];
        }
        catch (BrowserStackException e)
        {
            return [Finding.Problem(Area, "account", e.Message, "Look whether this machine reaches BrowserStack: api-cloud.browserstack.com and hub.browserstack.com, port 443.")];
        }
    }
}
