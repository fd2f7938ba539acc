using Qgjob.Core.Groups;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Scheduling;

/// <summary>All that decides which devices can serve a group: groups of one kind are alike to every device.</summary>
/// <param name="Target">Kind of device wanted.</param>
/// <param name="Needs">Conditions on the device in canonical form.</param>
/// <param name="Barred">Devices where the jobs failed, joined by newlines.</param>
/// <param name="Platforms">Platforms that the app version has a build for.</param>
/// <param name="Resources">Named resources, joined by newlines.</param>
/// <param name="NotYet">Kind of device that may not take it yet, since it is spared for when others are not enough; null: all may.</param>
public readonly record struct WorkKind(Target Target, string Needs, string Barred, Platforms Platforms, string Resources, Target? NotYet = null)
{
    /// <summary>The kind of a group, whatever it spares; see <see cref="PoolView.KindOf"/>.</summary>
    public static WorkKind Of(Group group, AppVersion? version) => Of(group.Key, version);

    /// <summary>The kind of a group with this key.</summary>
    public static WorkKind Of(GroupKey key, AppVersion? version) => new(key.Target, key.Needs, key.Barred, PlatformsOf(version), key.Resources);

    /// <summary>The jobs failed on the device for infrastructure reasons.</summary>
    public bool Bars(string deviceId) => GroupKey.Apart(Barred).Contains(deviceId);

    /// <summary>Names of the resources that each job takes a unit of.</summary>
    public IReadOnlyList<string> ResourceNames() => GroupKey.Apart(Resources);

    private static Platforms PlatformsOf(AppVersion? version)
    {
        // Without a build the project brings its own, for whatever platform it names.
        if (version is null || version.Builds.Count == 0) return Platforms.All;
        var platforms = Platforms.None;
        foreach (var build in version.Builds) platforms |= Of(build.Platform);
        return platforms;
    }

    /// <summary>The platform as a flag.</summary>
    public static Platforms Of(Platform platform) => (Platforms)(1 << (int)platform);
}

/// <summary>A set of platforms.</summary>
[Flags]
public enum Platforms
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>Android.</summary>
    Android = 1,
    /// <summary>iOS.</summary>
    Ios = 2,
    /// <summary>Every platform.</summary>
    All = ~0,
}
