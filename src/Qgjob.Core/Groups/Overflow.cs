using System.Globalization;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Groups;

/// <summary>Devices of one kind are kept for when the others are not enough: jobs go there only when they would wait too long.</summary>
/// <param name="Target">The kind that is spared.</param>
/// <param name="After">The longest wait for the others.</param>
public sealed record Overflow(Target Target, TimeSpan After)
{
    /// <summary>What a specification asks for; null: nothing is spared.</summary>
    public static Overflow? Of(JobSpec spec) => spec.Overflow is { } target ? new Overflow(target, TimeSpan.FromSeconds(spec.OverflowAfterSeconds ?? 0)) : null;

    /// <summary>Out of a group's key; null when it is empty.</summary>
    public static Overflow? Of(GroupKey key)
    {
        if (key.Overflow.Length == 0) return null;
        var parts = key.Overflow.Split(' ');
        return new Overflow(Words.TryParse<Target>(parts[0], out var target) ? target : Target.Any, TimeSpan.FromSeconds(int.Parse(parts[1], CultureInfo.InvariantCulture)));
    }

    /// <summary>As a group's key has it: <c>browserstack 300</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Words.Of(Target)} {(int)After.TotalSeconds}");
}
