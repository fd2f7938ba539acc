using Qgjob.Core.Devices;
using Qgjob.Core.Groups;

namespace Qgjob.Core.Scheduling;

/// <summary>Whether a device has what a group tests.</summary>
internal static class Residency
{
    /// <summary>A slot in a cloud takes every build without an install: it lies there for all sessions alike.</summary>
    public static bool HoldsAll(Device device) => device.Offer.Target is Jobs.Target.Browserstack;

    /// <summary>Builds are compared, so two app versions with the same bytes need no reinstall.</summary>
    public static bool Holds(Device device, Group group, AppVersion? version)
    {
        foreach (var resident in device.Offer.Residents)
            if (Is(resident, group, version)) return true;
        return false;
    }

    private static bool Is(ResidentBuild resident, Group group, AppVersion? version)
    {
        // Nothing was uploaded: the project brings its own build, and only the name tells.
        if (version is null || version.Builds.Count == 0)
            return resident.OrgId == group.Key.OrgId && resident.AppVersionId == group.Key.AppVersionId;
        foreach (var build in version.Builds)
            if (build.Sha256 == resident.Sha256) return true;
        return false;
    }
}
