using System.Globalization;
using Qgjob.Agent.Devices;
using Qgjob.Agent.Processes;
using Qgjob.Phones;

namespace Qgjob.Agent.Phones;

/// <summary>The agent's phones in software, and the private adb server that sees them and nothing else.</summary>
internal sealed class VirtualPhones : IAsyncDisposable
{
    private const string Model = "Virtual Pixel";
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(5);
    private readonly string adb;
    private readonly TimeProvider time;
    private readonly IReadOnlyList<VirtualPhone> phones;
    private AdbServer server;

    private VirtualPhones(string adb, IReadOnlyList<VirtualPhone> phones, AdbServer server, TimeProvider time) =>
        (this.adb, this.phones, this.server, this.time) = (adb, phones, server, time);

    public AdbClient Adb => server.Client;

    public static async Task<VirtualPhones> StartAsync(AgentOptions options, string adb, string folder, TimeProvider time, CancellationToken cancel)
    {
        var phones = new List<VirtualPhone>();
        try
        {
            for (var n = 1; n <= options.VirtualPhones; n++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"phone-{n}");
                phones.Add(await VirtualPhone.StartAsync(
                    new VirtualPhoneOptions
                    {
                        Name = name,
                        DataFolder = Path.Combine(folder, name),
                        Model = Model,
                        InstallDelay = options.InstallDelay,
                        AppStartDelay = options.AppStartDelay,
                        InstrumentationDelay = options.InstrumentationDelay,
                        Faults = FaultRates.Parse(options.Faults),
                        FaultSeed = options.FaultSeed,
                    }, time, cancel).ConfigureAwait(false));
            }

            // So that people and tests find it: adb connect "$(cat …/serial)".
            foreach (var phone in phones)
                await File.WriteAllTextAsync(Path.Combine(folder, phone.Name, "serial"), phone.Serial, cancel).ConfigureAwait(false);
            var server = await AdbServer.StartPrivateAsync(adb, LoopbackPort.Free(), time, cancel).ConfigureAwait(false);
            return new VirtualPhones(adb, phones, server, time);
        }
        catch
        {
            foreach (var phone in phones) await phone.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>How adb's phone is called; null when it is none of these.</summary>
    public PhoneNaming? Name(AdbListing listing, string agentName) =>
        phones.FirstOrDefault(p => p.Serial == listing.Serial) is { } phone ? new PhoneNaming($"{agentName}/{phone.Name}", Model, Virtual: true) : null;

    /// <summary>Connects the phones, and again whenever adb has lost one or has died itself, until cancelled.</summary>
    public async Task KeepConnectedAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                if (await Adb.VersionAsync(cancel).ConfigureAwait(false) is null)
                {
                    await server.DisposeAsync().ConfigureAwait(false);
                    server = await AdbServer.StartPrivateAsync(adb, Adb.Port, time, cancel).ConfigureAwait(false);
                }

                var there = await Adb.DevicesAsync(cancel).ConfigureAwait(false);
                foreach (var phone in phones)
                {
                    var state = there.FirstOrDefault(l => l.Serial == phone.Serial);
                    if (state is { IsOnline: true }) continue;
                    if (state is { State: "offline" }) await Adb.DisconnectAsync(phone.Serial, cancel).ConfigureAwait(false);
                    await Adb.ConnectAsync(phone.Serial, cancel).ConfigureAwait(false);
                }
            }
            catch (AdbException)
            {
                // The next round tries again.
            }

            await Task.Delay(CheckEvery, time, cancel).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync().ConfigureAwait(false);
        foreach (var phone in phones) await phone.DisposeAsync().ConfigureAwait(false);
    }
}
