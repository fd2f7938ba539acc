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

    /// <summary>Why nothing can be done with the phone.</summary>
    public string Trouble => State switch
    {
        "unauthorized" or "authorizing" => "waits for you to allow USB debugging on its screen",
        "no permissions" => "may not be opened by this user",
        _ => $"is {State}",
    };

    /// <summary>What a person does about it.</summary>
    public string Mend => State switch
    {
        "unauthorized" or "authorizing" => "Unlock it and tap Allow; if it does not ask, revoke the USB debugging authorizations in its developer options and plug it in again.",
        "no permissions" => "Install the udev rules (apt-get install android-sdk-platform-tools-common), or add the user to the group plugdev and log in again.",
        "offline" => "Plug it in again, or restart it; for one on the network: adb disconnect, then adb connect.",
        "recovery" or "sideload" or "bootloader" or "rescue" => "Start its Android: adb reboot, or its power key.",
        _ => "Plug it in again, or restart it.",
    };
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
