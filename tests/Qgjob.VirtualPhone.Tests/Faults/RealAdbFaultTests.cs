using Qgjob.Phones.Tests.Adb;

namespace Qgjob.Phones.Tests.Faults;

/// <summary>What the real adb sees of a phone that misbehaves.</summary>
public sealed class RealAdbFaultTests(AdbServer adb) : IClassFixture<AdbServer>, IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-phone").FullName;
    private VirtualPhone phone = null!;

    public async ValueTask InitializeAsync()
    {
        phone = await VirtualPhone.StartAsync(
            new VirtualPhoneOptions { Name = "bad-phone", DataFolder = folder }, TimeProvider.System, TestContext.Current.CancellationToken);
        await adb.RunAsync("connect", phone.Serial);
    }

    public async ValueTask DisposeAsync()
    {
        await adb.RunAsync("disconnect", phone.Serial);
        await phone.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_disconnected_phone_is_lost_at_once_and_comes_back()
    {
        using var waiting = adb.Start("-s", phone.Serial, "shell", "cat");
        await adb.RunAsync("-s", phone.Serial, "shell", "qgjob-fault disconnect 2");
        // A call that was open ends: nobody waits for a phone that left.
        await waiting.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual("device\n", (await adb.RunAsync("-s", phone.Serial, "get-state")).Output);

        string state;
        do
        {
            await adb.RunAsync("disconnect", phone.Serial);
            await adb.RunAsync("connect", phone.Serial);
            state = (await adb.RunAsync("-s", phone.Serial, "get-state")).Output;
        }
        while (state != "device\n");
        Assert.Equal("bad-phone\n", (await adb.RunAsync("-s", phone.Serial, "shell", "getprop ro.serialno")).Output);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_phone_that_hangs_answers_nothing_but_the_one_who_ends_it()
    {
        await adb.RunAsync("-s", phone.Serial, "shell", "qgjob-fault hang 1000");
        using var asking = adb.Start("-s", phone.Serial, "shell", "echo there");
        var answer = asking.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Contains("hangs for", (await adb.RunAsync("-s", phone.Serial, "shell", "qgjob-fault status")).Output, StringComparison.Ordinal);
        Assert.False(answer.IsCompleted);
        await adb.RunAsync("-s", phone.Serial, "shell", "qgjob-fault clear");
        Assert.Equal("there\n", await answer);
        await asking.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
