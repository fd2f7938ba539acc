using System.Globalization;

namespace Qgjob.Core.Devices.Selectors;

/// <summary>One condition: a field, an operator and the values of which one must do.</summary>
internal sealed class DeviceCondition
{
    private readonly DeviceField field;
    private readonly string op;
    private readonly IReadOnlyList<TextPattern> values;
    // Of each value, for fields with an order; null: it is not a version.
    private readonly Version?[] versions;
    private readonly string text;

    public DeviceCondition(DeviceField field, string op, IEnumerable<TextPattern> values)
    {
        (this.field, this.op) = (field, op);
        this.values = [.. values.DistinctBy(v => v.ToString()).OrderBy(v => v.ToString(), StringComparer.Ordinal)];
        versions = [.. this.values.Select(v => DeviceFields.HasOrder(field) && v.Plain is { } plain ? VersionText.Parse(plain) : null)];
        text = Words.Of(field) + op + string.Join('|', this.values);
    }

    /// <summary>The condition that a field has this very value.</summary>
    public static string Text(DeviceField field, string value) => new DeviceCondition(field, "=", [TextPattern.Exactly(value)]).ToString();

    public override string ToString() => text;

    /// <param name="device">The device.</param>
    /// <param name="becomes">What a slot would become; null: the device is what it is.</param>
    public bool IsMetBy(DeviceOffer device, DeviceModel? becomes)
    {
        if (op is "=" or "!=") return IsAny(device, becomes) == (op == "=");
        return ValueOf(device, becomes) is { } value && VersionText.Parse(value) is { } have && versions[0] is { } want && op switch
        {
            ">=" => have >= want,
            ">" => have > want,
            "<=" => have <= want,
            _ => have < want,
        };
    }

    /// <summary>What the device has in the field, for people; null when that is unknown.</summary>
    public string? ValueOf(DeviceOffer device, DeviceModel? becomes)
    {
        var model = becomes?.Model ?? device.Model;
        var value = field switch
        {
            DeviceField.Agent => device.Agent,
            DeviceField.Api => becomes is null ? device.ApiLevel?.ToString(CultureInfo.InvariantCulture) : null,
            DeviceField.Id => device.Id,
            DeviceField.Manufacturer => (becomes is null ? device.Manufacturer : null) ?? Makers.Of(model),
            DeviceField.Model => model,
            DeviceField.Name => device.Id[(device.Id.LastIndexOf('/') + 1)..],
            DeviceField.Os => becomes?.OsVersion ?? device.OsVersion,
            DeviceField.Platform => Words.Of(becomes?.Platform ?? device.Platform),
            DeviceField.Target => Words.Of(device.Target),
            _ => device.Tags.Count == 0 ? null : string.Join(' ', device.Tags),
        };
        return string.IsNullOrEmpty(value) ? null : value;
    }

    private bool IsAny(DeviceOffer device, DeviceModel? becomes)
    {
        if (field is DeviceField.Tag)
        {
            foreach (var tag in device.Tags)
                if (IsLike(tag)) return true;
            return false;
        }
        if (ValueOf(device, becomes) is not { } value) return false;
        if (IsLike(value)) return true;
        // Phones call themselves "Pixel 7", agents "Google Pixel 7"; people mean either.
        return field is DeviceField.Model
            && Makers.Without(value, (becomes is null ? device.Manufacturer : null) ?? Makers.Of(value)) is { } shorter && IsLike(shorter);
    }

    private bool IsLike(string value)
    {
        for (var i = 0; i < values.Count; i++)
            if (values[i].Matches(value) || (versions[i] is { } want && VersionText.Parse(value) == want)) return true;
        return false;
    }
}
