using System.Globalization;

namespace Qgjob.Phones.Device;

/// <summary>The system properties of a phone.</summary>
internal static class PhoneProperties
{
    public static string Release(VirtualPhoneOptions options) => options.Release ?? options.ApiLevel switch
    {
        21 => "5.0",
        22 => "5.1",
        23 => "6.0",
        24 => "7.0",
        25 => "7.1.1",
        26 => "8.0.0",
        27 => "8.1.0",
        28 => "9",
        29 => "10",
        30 => "11",
        31 or 32 => "12",
        _ => (options.ApiLevel - 20).ToString(CultureInfo.InvariantCulture), // 33 is 13, 34 is 14, …
    };

    public static SortedDictionary<string, string> For(VirtualPhoneOptions options) => new(StringComparer.Ordinal)
    {
        ["dev.bootcomplete"] = "1",
        ["init.svc.bootanim"] = "stopped",
        ["persist.sys.locale"] = "en-US",
        ["persist.sys.timezone"] = "UTC",
        ["ro.build.characteristics"] = "default",
        ["ro.build.fingerprint"] = $"qgjob/virtual/virtual:{Release(options)}/QGJOB/1:user/release-keys",
        ["ro.build.type"] = "user",
        ["ro.build.version.codename"] = "REL",
        ["ro.build.version.release"] = Release(options),
        ["ro.build.version.sdk"] = options.ApiLevel.ToString(CultureInfo.InvariantCulture),
        ["ro.debuggable"] = "0",
        ["ro.hardware"] = "qgjob-virtual",
        ["ro.product.brand"] = "qgjob",
        ["ro.product.cpu.abi"] = "x86_64",
        ["ro.product.cpu.abilist"] = "x86_64,arm64-v8a",
        ["ro.product.device"] = "virtual",
        ["ro.product.locale"] = "en-US",
        ["ro.product.manufacturer"] = "qgjob",
        ["ro.product.model"] = options.Model,
        ["ro.product.name"] = "virtual",
        ["ro.serialno"] = options.Name,
        ["ro.sf.lcd_density"] = "420",
        ["sys.boot_completed"] = "1",
    };
}
