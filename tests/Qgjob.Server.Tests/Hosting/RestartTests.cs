using System.Diagnostics;
using Qgjob.Client;
using Qgjob.Client.Http;
using Qgjob.Client.Wire;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;
using Qgjob.Core.Storage;
using Xunit;

namespace Qgjob.Server.Tests.Hosting;

/// <summary>The real process over SQLite, killed without warning.</summary>
public sealed class RestartTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_acknowledged_survives_a_kill()
    {
        var folder = Directory.CreateTempSubdirectory("qgjob-restart").FullName;
        var run = new SubmitRun { OrgId = "o", AppVersionId = "v", Tests = ["a.spec.js", "b.spec.js"] };
        RunAccepted accepted;
        LeaseRef lease;
        await using (var first = await ServerProcess.StartAsync(folder))
        {
            await first.Agent.RegisterAsync(new RegisterRequest("lab", "boot", "lab", "1", null, [new DeviceOffer("lab/p1", Target.Device, Platform.Android, "13", "m", [], [])]), Cancel);
            accepted = await first.Client.SubmitAsync(run, "key", Cancel);
            lease = Assert.Single((await first.Agent.WorkAsync(new WorkRequest("lab", "boot", ["lab/p1"], [], 10), Cancel)).Assignments).Lease;
            await first.Agent.AppendLogAsync(lease, 0, "line\n"u8.ToArray(), Cancel);
        }
        await using (var second = await ServerProcess.StartAsync(folder))
        {
            Assert.True((await second.Client.SubmitAsync(run, "key", Cancel)).Repeated);
            Assert.Equal(LeaseState.Ok, (await second.Agent.RenewAsync(new RenewRequest("lab", [lease]), Cancel)).States[0]);
            Assert.True((await second.Agent.FinishAsync(new FinishRequest([new FinishItem(lease, "f-1", new AttemptEnd(AttemptOutcome.Passed, null, 1, []))]), Cancel)).Accepted[0]);
            var job = await second.Client.FindJobAsync(accepted.JobIds[0], Cancel);
            Assert.Equal(JobStatus.Passed, job!.Status);
            using var log = await second.Client.OpenLogAsync(job.JobId, null, false, 0, Cancel);
            Assert.Equal("line\n", await log.Content.ReadAsStringAsync(Cancel));
            Assert.Equal(JobStatus.Queued, (await second.Client.FindJobAsync(accepted.JobIds[1], Cancel))!.Status);
        }
        Directory.Delete(folder, recursive: true);
    }

    private sealed class ServerProcess(Process process, QgjobClient client, AgentClient agent) : IAsyncDisposable
    {
        public QgjobClient Client => client;
        public AgentClient Agent => agent;

        public static async Task<ServerProcess> StartAsync(string folder)
        {
            // The copy beside the tests; started through dotnet, as its own launcher is not copied.
            var start = new ProcessStartInfo(Environment.ProcessPath is { } p && Path.GetFileName(p) == "dotnet" ? p : "dotnet") { RedirectStandardOutput = true };
            foreach (var arg in new[] { Path.Combine(AppContext.BaseDirectory, "qgjob-server.dll"), "--data", folder, "--urls", "http://127.0.0.1:0" }) start.ArgumentList.Add(arg);
            var process = Process.Start(start)!;
            var ready = await process.StandardOutput.ReadLineAsync(Cancel) ?? throw new InvalidOperationException("the server ended before it was ready");
            var address = new Uri(ready.Split(" ready at ")[1].Split(' ')[0]);
            var transport = new Transport(address, null, TimeProvider.System);
            return new ServerProcess(process, new QgjobClient(transport), new AgentClient(transport));
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            process.Kill();
            await process.WaitForExitAsync(Cancel);
            process.Dispose();
        }
    }
}
