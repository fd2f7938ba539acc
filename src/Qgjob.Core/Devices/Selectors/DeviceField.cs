namespace Qgjob.Core.Devices.Selectors;

/// <summary>What a condition looks at.</summary>
internal enum DeviceField
{
    Agent,
    Api,
    Id,
    Manufacturer,
    Model,
    Name,
    Os,
    Platform,
    Tag,
    Target,
}

/// <summary>The fields' names.</summary>
internal static class DeviceFields
{
    private static readonly Dictionary<string, DeviceField> Others = new(StringComparer.Ordinal)
    {
        ["host"] = DeviceField.Agent,
        ["brand"] = DeviceField.Manufacturer,
    };

    public static string Names { get; } = string.Join(", ", Words.All<DeviceField>());

    public static bool TryParse(string name, out DeviceField field)
    {
        var lower = name.ToLowerInvariant();
        return Words.TryParse(lower, out field) || Others.TryGetValue(lower, out field);
    }

    /// <summary>Its values are versions, which have an order.</summary>
    public static bool HasOrder(DeviceField field) => field is DeviceField.Os or DeviceField.Api;
}
