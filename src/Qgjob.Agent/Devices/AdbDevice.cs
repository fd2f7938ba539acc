namespace Qgjob.Agent.Devices;

/// <summary>A phone as one adb server knows it.</summary>
internal sealed record AdbDevice(int AdbPort, string Serial)
{
    public override string ToString() => Serial;
}

/// <summary>A line of adb's device list. <paramref name="State"/> is adb's word: device, offline, unauthorized, …</summary>
internal sealed record AdbListing(string Serial, string State, string? TransportId)
{
    public bool IsOnline => State == "device";
}

/// <summary>What a phone says about itself (getprop).</summary>
/// <param name="SerialNumber">ro.serialno; stays the same however the phone is connected. Empty when hidden.</param>
/// <param name="Release">The Android version as people say it: "13".</param>
/// <param name="Sdk">The API level.</param>
internal sealed record AdbDeviceInfo(
    string SerialNumber,
    string Manufacturer,
    string Model,
    string Release,
    int Sdk,
    string Abi,
    bool IsEmulator);
