using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>An agent whose program is replaced while it runs.</summary>
public sealed class UpdateTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("qgjob-update-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Copy => Path.Combine(folder, "qgjob");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_new_program_goes_on_in_the_same_process()
    {
        await CopyAsync();
        await using var lab = await Lab.StartWithAsync(Copy, phones: 1);
        var before = Assert.Single((await lab.Client.ListAgentsAsync(Cancel)).Items);
        // First one that does not work, as a copy for another machine.
        await PutAsync("qgjob.dll", "no assembly"u8.ToArray());
        await lab.UntilAsync(() => Task.FromResult(Count(lab, "does not answer 'version'") == 1), "the agent notices that");
        Assert.Equal(1, Count(lab, "Offering 1 device"));

        await PutAsync("qgjob.dll", await File.ReadAllBytesAsync(Path.Combine(Checkout.QgjobFolder, "qgjob.dll"), Cancel));
        await lab.UntilAsync(() => Task.FromResult(Count(lab, "Offering 1 device") == 2), "the new program offers the phone");
        await lab.UntilAsync(async () => (await lab.Client.ListDevicesAsync(Cancel)).Items.All(d => d.State == "free"), "the phone is free");
        Assert.Equal(1, Count(lab, "The new program takes over."));
        Assert.False(lab.Agent.HasEnded);
        // The same agent to the server, in the process that this test started.
        Assert.Equal(before.AgentId, Assert.Single((await lab.Client.ListAgentsAsync(Cancel)).Items).AgentId);
        Assert.Equal(Copy, new FileInfo($"/proc/{lab.Agent.Id}/exe").LinkTarget);
        await lab.Agent.SignalAsync("INT");
        Assert.Equal(0, (await lab.Agent.EndAsync(TimeSpan.FromMinutes(1))).ExitCode);
    }

    /// <summary>Of the program as it is given away; <c>./test aot</c> makes it and runs this.</summary>
    [Fact(Explicit = true)]
    public async Task The_native_program_becomes_the_new_one_in_the_same_process()
    {
        var native = Path.Combine(Checkout.Root, "artifacts", "native", "qgjob");
        Assert.True(File.Exists(native), $"{native} is not there; ./test aot publishes it.");
        File.Copy(native, Copy);
        await using var lab = await Lab.StartWithAsync(Copy, phones: 1);
        var before = Assert.Single((await lab.Client.ListAgentsAsync(Cancel)).Items);
        await PutAsync("qgjob", "no program"u8.ToArray());
        await lab.UntilAsync(() => Task.FromResult(Count(lab, "does not answer 'version'") == 1), "the agent notices that");

        await PutAsync("qgjob", await File.ReadAllBytesAsync(native, Cancel));
        await lab.UntilAsync(() => Task.FromResult(Count(lab, "Offering 1 device") == 2), "the new program offers the phone");
        await lab.UntilAsync(async () => (await lab.Client.ListDevicesAsync(Cancel)).Items.All(d => d.State == "free"), "the phone is free");
        Assert.Equal(1, Count(lab, "The new program takes over."));
        Assert.Equal(before.AgentId, Assert.Single((await lab.Client.ListAgentsAsync(Cancel)).Items).AgentId);
        // This file, not the one before, which has no name any more, and no other process.
        Assert.Equal(Copy, new FileInfo($"/proc/{lab.Agent.Id}/exe").LinkTarget);
        await lab.Agent.SignalAsync("INT");
        Assert.Equal(0, (await lab.Agent.EndAsync(TimeSpan.FromMinutes(1))).ExitCode);
    }

    private static int Count(Lab lab, string text) => lab.Agent.Output().Split(text).Length - 1;

    private async Task CopyAsync()
    {
        // Builds it when it is stale.
        var built = await Program.RunAsync(Checkout.Qgjob, folder, new Dictionary<string, string>(), Lab.Patience, "version");
        Assert.True(built.ExitCode == 0, built.All);
        foreach (var file in Directory.GetFiles(Checkout.QgjobFolder)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
    }

    /// <summary>As installers do: whole, by renaming.</summary>
    private async Task PutAsync(string name, byte[] bytes)
    {
        var file = Path.Combine(folder, name);
        await File.WriteAllBytesAsync(file + ".new", bytes, Cancel);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(file + ".new", file, overwrite: true);
    }
}
