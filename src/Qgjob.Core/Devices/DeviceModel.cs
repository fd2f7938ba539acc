using Qgjob.Core.Jobs;

namespace Qgjob.Core.Devices;

/// <summary>What a slot can become: a model of phone with a version of its system.</summary>
/// <param name="Model">For instance <c>Google Pixel 7</c>.</param>
/// <param name="OsVersion">For instance <c>13</c> or <c>17.4</c>.</param>
/// <param name="Platform">Operating system.</param>
public sealed record DeviceModel(string Model, string OsVersion, Platform Platform)
{
    /// <summary>For people.</summary>
    public override string ToString() => $"{Model} ({Words.Of(Platform)} {OsVersion})";
}

/// <summary>Who makes a phone, where only its model is told.</summary>
internal static class Makers
{
    private static readonly string[] Known =
        ["Google", "Samsung", "OnePlus", "Xiaomi", "Redmi", "Motorola", "Oppo", "Vivo", "Huawei", "Honor", "Realme", "Nothing", "Sony", "Nokia", "Asus", "LG", "HTC", "Apple"];

    /// <summary>The maker that a model's name begins with, or null.</summary>
    public static string? Of(string model)
    {
        if (model.StartsWith("iPhone", StringComparison.OrdinalIgnoreCase) || model.StartsWith("iPad", StringComparison.OrdinalIgnoreCase)) return "Apple";
        foreach (var maker in Known)
            if (Begins(model, maker)) return maker;
        return null;
    }

    /// <summary>The model's name without its maker's, or null when it does not begin with that.</summary>
    public static string? Without(string model, string? maker) => maker is not null && Begins(model, maker) ? model[(maker.Length + 1)..].TrimStart() : null;

    private static bool Begins(string model, string maker) =>
        model.Length > maker.Length + 1 && model[maker.Length] == ' ' && model.StartsWith(maker, StringComparison.OrdinalIgnoreCase);
}
