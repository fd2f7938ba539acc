using System.Globalization;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.BrowserStack;

/// <summary>Which of BrowserStack's phones a job gets. Pure.</summary>
internal static class CloudDeviceChoice
{
    /// <summary>BrowserStack's list, without what the agent cannot run on, in BrowserStack's order.</summary>
    public static IReadOnlyList<DeviceModel> Models(IEnumerable<CloudListing> listings) =>
        [.. listings.Where(l => l is { Device.Length: > 0, OsVersion.Length: > 0 } && string.Equals(l.Os, "android", StringComparison.OrdinalIgnoreCase))
            .Select(l => new DeviceModel(l.Device!, l.OsVersion!, Platform.Android)).Distinct()];

    /// <summary>
    /// Of the models that meet the job's conditions: the one that the project's config names, if it is among them; else the
    /// one with the newest system, and of several the one that BrowserStack lists first.
    /// </summary>
    /// <param name="selector">The job's conditions; null for none.</param>
    /// <param name="configured">What the config names; null for nothing.</param>
    /// <returns>Null when none meets them.</returns>
    public static DeviceModel? Choose(DeviceOffer slot, IReadOnlyList<DeviceModel> models, DeviceSelector? selector, (string Name, string Os)? configured)
    {
        DeviceModel? best = null;
        foreach (var model in selector is null ? models : selector.Choices(slot with { Models = models }))
        {
            if (configured is var (name, os) && model.Model == name && model.OsVersion == os) return model;
            if (best is null || Version(model.OsVersion) > Version(best.OsVersion)) best = model;
        }

        return best;
    }

    /// <summary>What is no number, a beta say, is older than all that is.</summary>
    private static Version Version(string os)
    {
        var parts = os.Split('.');
        var numbers = new int[4];
        if (parts.Length > numbers.Length) return new Version(0, 0);
        for (var i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i])) return new Version(0, 0);
        return new Version(numbers[0], numbers[1], numbers[2], numbers[3]);
    }
}
