using Qgjob.Agent.Devices;
using Qgjob.Agent.Installs;
using Qgjob.Agent.Phones;
using Qgjob.Agent.Tests.Devices;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.Tests.Phones;

public sealed class PhoneBookTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-test-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_phone_connected_twice_is_offered_once_and_stays_when_either_connection_leaves()
    {
        await using var cable = new FakeAdbServer { Shell = Answers };
        await using var network = new FakeAdbServer { Shell = Answers };
        var console = new Silent();
        var residents = new Residents(Path.Combine(folder, "r"), new Installer("adb", new InstallRecords(Path.Combine(folder, "i")), TimeProvider.System));
        var book = new PhoneBook("lab", [], Target.Any, residents, console, TimeProvider.System);
        var left = new List<int>();
        book.Left = device => left.Add(device.AdbPort);
        using var first = new Connection(book, cable);
        using var second = new Connection(book, network);

        await first.ArriveAsync();
        await UntilAsync(() => book.All.Count == 1);
        await second.ArriveAsync();
        await UntilAsync(() => console.Warnings.Count == 1);
        Assert.Equal(cable.Port, Assert.Single(book.All).Adb.AdbPort);
        var gone = book.All[0].Gone;

        await first.LeaveAsync();
        Assert.True(gone.IsCancellationRequested);
        Assert.Equal([cable.Port], left);
        Assert.False(book.Has(new AdbDevice(cable.Port, "phone")));
        Assert.True(book.Has(new AdbDevice(network.Port, "phone")));
        Assert.Equal(network.Port, Assert.Single(book.All).Adb.AdbPort);
        Assert.False(book.All[0].Gone.IsCancellationRequested);
        await second.LeaveAsync();
        Assert.Empty(book.All);
        Assert.Equal([cable.Port, network.Port], left);
    }

    [Fact]
    public void A_memory_that_cannot_be_saved_is_kept_all_the_same()
    {
        var installer = new Installer("adb", new InstallRecords(Path.Combine(folder, "i")), TimeProvider.System);
        var residents = new Residents(Path.Combine(folder, "missing", "r"), installer);
        var build = new ResidentBuild("com.example", "00", "acme", "v1");
        residents.Note("phone-1", build);
        Assert.Equal([build], residents.Noted("phone-1"));
    }

    private static (string, int) Answers(string command) => (command == "getprop ro.serialno" ? "SERIAL1\n" : "\n", 0);

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!holds()) await again.WaitForNextTickAsync(limit.Token);
    }

    private sealed class Connection(PhoneBook book, FakeAdbServer adb) : IDisposable
    {
        private readonly CancellationTokenSource leave = new();
        private Task following = Task.CompletedTask;

        public Task ArriveAsync()
        {
            adb.KeepTracking = true;
            adb.Tracked = ["phone device transport_id:1\n"];
            following = book.FollowAsync(new AdbClient(adb.Port, TimeProvider.System), _ => new PhoneNaming(null, null, Virtual: false), leave.Token);
            return Task.CompletedTask;
        }

        public async Task LeaveAsync()
        {
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        }

        public void Dispose() => leave.Dispose();
    }

    private sealed class Silent : IAgentConsole
    {
        public List<string> Warnings { get; } = [];

        public void Say(string line)
        {
        }

        public void Warn(string line) => Warnings.Add(line);
    }
}
