using System.Security.Cryptography;
using System.Text;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Groups;

/// <summary>What jobs of one group share: the unit that the scheduling policy reasons about.</summary>
/// <param name="OrgId">The org.</param>
/// <param name="AppVersionId">The app version.</param>
/// <param name="Target">Kind of device wanted.</param>
/// <param name="Needs">Conditions on the device in canonical form; empty when there is none.</param>
/// <param name="Barred">Devices where these jobs failed for infrastructure reasons; sorted, joined by newlines.</param>
/// <param name="Resources">Named resources of which each job takes one unit; sorted, joined by newlines.</param>
/// <param name="Overflow">Kind of device that is spared, and for how long; see <see cref="Groups.Overflow"/>. Empty: none is.</param>
public sealed record GroupKey(string OrgId, string AppVersionId, Target Target, string Needs, string Barred, string Resources = "", string Overflow = "")
{
    /// <summary>The group of a job.</summary>
    /// <param name="spec">The job's specification.</param>
    /// <param name="barred">Devices barred for the job.</param>
    public static GroupKey Of(JobSpec spec, IEnumerable<string> barred)
    {
        var conditions = spec.Device ?? "";
        if (spec.Platform is { } platform)
            conditions = $"platform={platform.ToString().ToLowerInvariant()}{(conditions.Length > 0 ? "," : "")}{conditions}";
        var needs = conditions.Length > 0 ? DeviceSelector.OfStored(conditions).ToString() : "";
        return new GroupKey(spec.OrgId, spec.AppVersionId, spec.Target, needs, Joined(barred), Joined(spec.Resources), Groups.Overflow.Of(spec)?.ToString() ?? "");
    }

    /// <summary>A short id that is the same in every process: 16 hex digits of the SHA-256 of key and pool.</summary>
    /// <param name="pool">The pool whose devices serve the group; pools never share work, so they never share a group.</param>
    public string ToId(string pool = Runs.Run.DefaultPool)
    {
        var text = $"{OrgId}\0{AppVersionId}\0{Target}\0{Needs}\0{Barred}{(pool == Runs.Run.DefaultPool ? "" : "\0" + pool)}"
            + (Resources.Length == 0 ? "" : "\0\0" + Resources)
            + (Overflow.Length == 0 ? "" : "\0\0\0" + Overflow);
        return "g-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))[..8]);
    }

    /// <summary>Names of the resources that each job takes a unit of.</summary>
    public IReadOnlyList<string> ResourceNames() => Apart(Resources);

    /// <summary>Ids of the devices where the jobs failed for infrastructure reasons.</summary>
    public IReadOnlyList<string> BarredDevices() => Apart(Barred);

    /// <summary>The words of a list that was joined by newlines.</summary>
    internal static IReadOnlyList<string> Apart(string joined) => joined.Length == 0 ? [] : joined.Split('\n');

    private static string Joined(IEnumerable<string> words) => string.Join('\n', words.Distinct().Order(StringComparer.Ordinal));
}

/// <summary>A group's exact counters. One row in every store; job rows are never needed to decide.</summary>
public sealed record Group
{
    /// <summary>Id made from <see cref="Key"/>.</summary>
    public required string Id { get; init; }
    /// <summary>What its jobs share.</summary>
    public required GroupKey Key { get; init; }
    /// <summary>The pool whose devices serve it.</summary>
    public required string Pool { get; init; }
    /// <summary>Jobs that wait.</summary>
    public int Queued { get; init; }
    /// <summary>Estimated run seconds of the jobs that wait.</summary>
    public double QueuedSeconds { get; init; }
    /// <summary>Jobs on devices.</summary>
    public int Active { get; init; }
    /// <summary>Tier of the first job that waits.</summary>
    public long HeadTier { get; init; }
    /// <summary>When the first job that waits was submitted.</summary>
    public DateTimeOffset HeadSubmittedAt { get; init; }
    /// <summary>Installs made for it so far.</summary>
    public int Installs { get; init; }
    /// <summary>The pool's revision at its last change.</summary>
    public long Revision { get; init; }
}

/// <summary>An app version: its builds, and how many devices serve it.</summary>
public sealed record AppVersion
{
    /// <summary>The org that owns it.</summary>
    public required string OrgId { get; init; }
    /// <summary>Its name within the org.</summary>
    public required string Id { get; init; }
    /// <summary>Builds, at most one per platform; empty while none was uploaded.</summary>
    public IReadOnlyList<Build> Builds { get; init; } = [];
    /// <summary>Devices that serve it now.</summary>
    public int Serving { get; init; }
    /// <summary>Rises when <see cref="Serving"/> changes; checked by claims that imply an install.</summary>
    public long OpenVersion { get; init; }
    /// <summary>What installing it is expected to take, in seconds: learned from it, or from its package; null when nothing is known.</summary>
    public double? InstallSeconds { get; init; }
    /// <summary>A test of it ran to a verdict once, so it can be installed and started; until then an infrastructure failure may be its own fault.</summary>
    public bool Proven { get; init; }
    /// <summary>When it was first named.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>When it was last submitted to, uploaded or tested; default: unknown (written by an earlier version).</summary>
    public DateTimeOffset UsedAt { get; init; }
    /// <summary>The pool's revision at its last change.</summary>
    public long Revision { get; init; }
}

/// <summary>One uploaded file of an app version.</summary>
/// <param name="Platform">Platform it runs on.</param>
/// <param name="PackageId">Android package or iOS bundle id.</param>
/// <param name="Sha256">Hash of the file, hex.</param>
/// <param name="SizeBytes">Length of the file.</param>
/// <param name="FileName">Name under which it was uploaded.</param>
/// <param name="VersionName">The build's own version, for people.</param>
/// <param name="UploadedAt">When it was uploaded.</param>
public sealed record Build(
    Platform Platform,
    string PackageId,
    string Sha256,
    long SizeBytes,
    string FileName,
    string VersionName,
    DateTimeOffset UploadedAt);
