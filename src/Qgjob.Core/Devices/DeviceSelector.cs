using Qgjob.Core.Devices.Selectors;

namespace Qgjob.Core.Devices;

/// <summary>Conditions on a device, all of which it must meet: <c>os&gt;=13,model=Pixel*|Galaxy*,tag=lab1</c>.</summary>
/// <remarks>The one grammar of command line, API and stored jobs; docs/devices.md explains it to people.
/// <code>
/// selector  = condition { "," condition }
/// condition = field ( "=" | "!=" ) value { "|" value } | ( "os" | "api" ) ( ">=" | "&lt;=" | ">" | "&lt;" ) version
/// value     = word | '"' quoted '"' | "'" quoted "'"
/// </code>
/// A word goes up to the next comma or bar, without blanks around it; within quotes a backslash makes the next character an
/// ordinary one. <c>*</c> stands for any characters, <c>?</c> for one. Case does not matter.
/// </remarks>
public sealed class DeviceSelector
{
    private readonly IReadOnlyList<DeviceCondition> conditions;
    private readonly string text;
    private readonly bool impossible;

    private DeviceSelector(IReadOnlyList<DeviceCondition> conditions, string text, bool impossible = false) =>
        (this.conditions, this.text, this.impossible) = (conditions, text, impossible);

    /// <summary>Reads a selector; on failure <paramref name="error"/> says what is wrong and where.</summary>
    public static bool TryParse(string text, out DeviceSelector selector, out SelectorError? error)
    {
        selector = new DeviceSelector([], "");
        if (!SelectorReader.TryRead(text, out var found, out error)) return false;
        IReadOnlyList<DeviceCondition> ordered = [.. found.DistinctBy(c => c.ToString()).OrderBy(c => c.ToString(), StringComparer.Ordinal)];
        selector = new DeviceSelector(ordered, string.Join(',', ordered));
        return true;
    }

    /// <summary>What was stored once: text that does not read any more is met by no device, and stops nobody else's work.</summary>
    public static DeviceSelector OfStored(string text) =>
        TryParse(text, out var selector, out _) ? selector : new DeviceSelector([], text, impossible: true);

    /// <summary>The condition that the device has this very id.</summary>
    public static string IdIs(string id) => DeviceCondition.Text(DeviceField.Id, id);

    /// <summary>The conditions that a slot becomes this very model.</summary>
    public static string ModelIs(DeviceModel model) =>
        $"{DeviceCondition.Text(DeviceField.Model, model.Model)},{DeviceCondition.Text(DeviceField.Os, model.OsVersion)},platform={Words.Of(model.Platform)}";

    /// <summary>The same conditions in one fixed order and form: equal selectors read equal.</summary>
    public override string ToString() => text;

    /// <summary>True when the device meets every condition; a slot, when one of the models that it can become does.</summary>
    public bool Matches(DeviceOffer device) => device.Models is null ? Meets(device, null) : Choices(device).Any();

    /// <summary>The models that a slot can become and that meet every condition, in the slot's order; none when the device is what it is.</summary>
    public IEnumerable<DeviceModel> Choices(DeviceOffer slot) => (slot.Models ?? []).Where(m => Meets(slot, m));

    /// <summary>The conditions that the device does not meet, each with what it has instead; of a slot, as its nearest model.</summary>
    public IReadOnlyList<UnmetTerm> Unmet(DeviceOffer device)
    {
        if (impossible) return [new UnmetTerm(text, null)];
        if (device.Models is not { Count: > 0 } models) return Unmet(device, null);
        return models.Select(m => Unmet(device, m)).MinBy(u => u.Count)!;
    }

    private bool Meets(DeviceOffer device, DeviceModel? becomes)
    {
        if (impossible) return false;
        foreach (var condition in conditions)
            if (!condition.IsMetBy(device, becomes)) return false;
        return true;
    }

    private IReadOnlyList<UnmetTerm> Unmet(DeviceOffer device, DeviceModel? becomes) =>
        [.. conditions.Where(c => !c.IsMetBy(device, becomes)).Select(c => new UnmetTerm(c.ToString(), c.ValueOf(device, becomes)))];
}

/// <summary>A condition that a device does not meet.</summary>
/// <param name="Term">The condition, such as <c>os&gt;=15</c>.</param>
/// <param name="Has">What the device has instead, such as <c>13</c>; null: nothing that is known.</param>
public sealed record UnmetTerm(string Term, string? Has)
{
    /// <summary><c>os&gt;=15 (has 13)</c>.</summary>
    public override string ToString() => Has is null ? Term : $"{Term} (has {Has})";
}
