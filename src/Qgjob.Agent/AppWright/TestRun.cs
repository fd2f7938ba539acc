using System.Globalization;
using Qgjob.Agent.Evidence;
using Qgjob.Agent.Gateway;
using Qgjob.Agent.Installs;
using Qgjob.Core.Jobs;
using Qgjob.Core.Results;

namespace Qgjob.Agent.AppWright;

/// <summary>The part of an attempt on a phone where the tests run: gateway, process, evidence.</summary>
internal sealed class TestRun(
    AppWrightRun run, PhonePlace phone, AttemptFiles files, AttemptOutput output, AttemptFigures figures, AttemptEvidence evidence, AppiumServers appium, Installer installer, TimeProvider time)
{
    private readonly TestFollower follower = new(run, files, output, figures, time);

    public IReadOnlyList<TestResult> Tests => follower.Tests;

    /// <summary>Besides tests, something outside of them failed.</summary>
    public bool ErrorOutside => follower.ErrorOutside;

    public async Task<(AttemptOutcome, string?)> RunAsync(
        TestProcess tests, ConfiguredProject chosen, BuildFile build, CancellationToken cancel)
    {
        var reinstall = run.Reset == ResetMode.Reinstall
            ? (Func<CancellationToken, Task<InstallOutcome>>)(c => installer.ReinstallAsync(phone.Device, run.DeviceKey, build, c))
            : null;
        var plan = new GatewayPlan(phone.Device, run.Reset, reinstall, phone.Lost) { LeaseOver = run.LeaseOver, BeforeClose = evidence.Screenshots.BeforeCloseAsync };
        Task<AppiumServer> Server(AppiumServer? bad, CancellationToken c) =>
            bad is null ? appium.GetAsync(phone.Device, c) : appium.ReplaceAsync(bad, c);

        var gateway = new AttemptGateway(plan, Server, time, follower.OnGateway);
        await using (gateway.ConfigureAwait(false))
        {
            var server = await appium.GetAsync(phone.Device, cancel).ConfigureAwait(false);
            using var log = server.CopyLogTo(Path.Combine(run.OutFolder, "appium.log"));
            output.Report(new Running());
            evidence.StartVideo();
            var process = tests.Test(chosen, files.LinkBuild(build.Path), [new("QGJOB_GATEWAY_PORT", gateway.Port.ToString(CultureInfo.InvariantCulture))]);
            return await follower.RunAsync(process, chosen, failed => evidence.Screenshots.EndAsync(failed, phone.Lost), cancel).ConfigureAwait(false);
        }
    }
}
