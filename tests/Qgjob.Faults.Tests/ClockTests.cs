using Qgjob.Faults.Tests.Processes;
using Qgjob.Faults.Tests.Stores;

namespace Qgjob.Faults.Tests;

/// <summary>The clock of a server's machine is set, far, forth and back (libfaketime stands in for the machine's clock).</summary>
/// <remarks>Not over Redis: its client does not connect under libfaketime, however the clock stands. The clock of servers is one class for all stores.</remarks>
public sealed class ClockTests
{
    private static readonly string? Library = new[] { "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1" }.FirstOrDefault(File.Exists);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_server_whose_clock_is_set_ends_no_lease_and_no_wait(string store)
    {
        Assert.SkipUnless(Library is not null, "libfaketime (Debian package faketime) is missing");
        var offsets = new List<string>();
        await using var trial = await Trial.StartAsync(
            await Site.StartAsync(folder => StoreUnderFault.Of(store, folder), store == "sqlite" ? 1 : 2, Cancel, (name, made, folder) =>
            {
                var file = Path.Combine(folder, name + ".offset");
                File.WriteAllText(file, "+0\n");
                offsets.Add(file);
                return new ServerProcess(name, made.Url, folder, Path.Combine(folder, "blobs"))
                {
                    // A busy machine may cost a short lease; this test is about clocks.
                    Times = ["--lease-ttl", "30s", "--lease-renew", "5s", "--lease-margin", "5s"],
                    Environment = new Dictionary<string, string>
                    {
                        ["LD_PRELOAD"] = Library!,
                        ["FAKETIME_TIMESTAMP_FILE"] = file,
                        ["FAKETIME_NO_CACHE"] = "1",
                        // Setting a machine's clock does not move its monotonic one.
                        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
                    },
                };
            }), Cancel);
        foreach (var offset in new[] { "+7200", "-7200", "+0" })
        {
            await File.WriteAllTextAsync(offsets[^1], offset + "\n", Cancel);
            await Waits.For(TimeSpan.FromSeconds(2), Cancel);
            await trial.ProgressAsync(8, Cancel);
        }
        await trial.CheckAsync(Cancel);
        // Two hours are more than any lease and more than the hour that jobs wait at most.
        Assert.DoesNotContain(trial.Past.Attempts, a => a.Attempt.Outcome is Qgjob.Core.Jobs.AttemptOutcome.Lost);
        Assert.DoesNotContain(trial.Past.Jobs.Values, j => j.Status is Qgjob.Core.Jobs.JobStatus.TimedOut);
    }
}
