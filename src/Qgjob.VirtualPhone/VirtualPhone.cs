using System.Globalization;
using Qgjob.Phones.Adb;
using Qgjob.Phones.Device;
using Qgjob.Phones.Services;

namespace Qgjob.Phones;

/// <summary>
/// An Android phone in software: adb connects to it, Appium's uiautomator2 driver and AppWright drive it.
/// What it can and cannot do is in docs/virtual-phone.md.
/// </summary>
public sealed class VirtualPhone : IAsyncDisposable
{
    private readonly PhoneDevice phone;
    private readonly AdbListener listener;

    private VirtualPhone(PhoneDevice phone, AdbListener listener)
    {
        this.phone = phone;
        this.listener = listener;
    }

    /// <summary>Its name, which is also its ro.serialno.</summary>
    public string Name => phone.Options.Name;

    /// <summary>The loopback port that adb connects to.</summary>
    public int Port => listener.Port;

    /// <summary>What adb calls the phone after "adb connect": 127.0.0.1 and the port.</summary>
    public string Serial => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>What the phone has done since it started.</summary>
    public PhoneCounters Counters => phone.Tally.Snapshot();

    /// <summary>Starts a phone and waits until adb can connect to it.</summary>
    /// <param name="options">What it is like.</param>
    /// <param name="time">Its clock, for delays and for what it shows.</param>
    /// <param name="cancel">Ends the start.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The port is taken.</exception>
    public static async Task<VirtualPhone> StartAsync(VirtualPhoneOptions options, TimeProvider time, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        options.Validate();
        // Loading reads files; callers start many phones and should not wait for each in turn.
        return await Task.Run(() => Start(options, time), cancel);
    }

    /// <summary>Ends all connections and what runs in them. What must survive is already on disk.</summary>
    public async ValueTask DisposeAsync()
    {
        await listener.DisposeAsync();
        phone.Dispose();
    }

    private static VirtualPhone Start(VirtualPhoneOptions options, TimeProvider time)
    {
        var phone = new PhoneDevice(options, time);
        var services = new ServiceTable(phone);
        var banner = $"device::ro.product.name={phone.Properties["ro.product.name"]};ro.product.model={options.Model};"
            + $"ro.product.device={phone.Properties["ro.product.device"]};features={options.Features}";
        var listener = AdbListener.Start(options.Port, time, socket => new AdbConnection(socket, banner, services.Find));
        phone.Faults.DropConnections = listener.Drop;
        phone.Log.Write('I', "boot", $"{options.Name} is up");
        return new VirtualPhone(phone, listener);
    }
}
