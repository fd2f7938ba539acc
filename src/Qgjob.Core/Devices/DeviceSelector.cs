using System.Globalization;

namespace Qgjob.Core.Devices;

/// <summary>Conditions on a device, joined by commas: <c>os&gt;=13,model=Pixel*,tag=lab1</c>.</summary>
/// <remarks>
/// Keys: <c>id</c>, <c>model</c>, <c>os</c>, <c>platform</c>, <c>tag</c>, <c>target</c>. Operators: <c>=</c>, <c>!=</c> for all
/// (with <c>*</c> as wildcard, case does not matter), <c>&gt;=</c>, <c>&gt;</c>, <c>&lt;=</c>, <c>&lt;</c> for <c>os</c>.
/// </remarks>
public sealed class DeviceSelector
{
    private static readonly string[] Keys = ["id", "model", "os", "platform", "tag", "target"];
    private static readonly string[] Operators = [">=", "<=", "!=", "=", ">", "<"];
    private readonly IReadOnlyList<Condition> conditions;

    private DeviceSelector(IReadOnlyList<Condition> conditions) => this.conditions = conditions;

    private sealed record Condition(string Key, string Operator, string Value)
    {
        public override string ToString() => Key + Operator + Value;
    }

    /// <summary>Reads a selector; on failure <paramref name="error"/> says what is wrong and where.</summary>
    public static bool TryParse(string text, out DeviceSelector selector, out string error)
    {
        selector = new DeviceSelector([]);
        error = "";
        var found = new List<Condition>();
        var position = 0;
        foreach (var part in text.Split(','))
        {
            var at = position + 1;
            position += part.Length + 1;
            var start = part.IndexOfAny(['=', '!', '<', '>']);
            var op = start < 0 ? null : Operators.FirstOrDefault(o => part.AsSpan(start).StartsWith(o, StringComparison.Ordinal));
            if (op is null)
                error = $"'{part.Trim()}' (character {at}) is not a condition such as model=Pixel* or os>=13";
            else
            {
                var key = part[..start].Trim().ToLowerInvariant();
                var value = part[(start + op.Length)..].Trim();
                if (!Keys.Contains(key))
                    error = $"unknown key '{key}' (character {at}); known keys: {string.Join(", ", Keys)}";
                else if (value.Length == 0)
                    error = $"'{part.Trim()}' (character {at}) has no value";
                else if (op is not ("=" or "!=") && (key != "os" || ParseVersion(value) is null))
                    error = $"'{part.Trim()}' (character {at}): {op} compares only os with a version such as 13 or 17.4";
                else
                    found.Add(new Condition(key, op, value));
            }
            if (error.Length > 0) return false;
        }
        selector = new DeviceSelector([.. found.OrderBy(c => c.ToString(), StringComparer.Ordinal).Distinct()]);
        return true;
    }

    /// <summary>The same conditions in one fixed order and form: equal selectors read equal.</summary>
    public override string ToString() => string.Join(',', conditions);

    /// <summary>True when the device meets every condition.</summary>
    public bool Matches(DeviceOffer device) => conditions.All(c => Meets(c, device));

    /// <summary>The conditions that the device does not meet.</summary>
    public IEnumerable<string> Unmet(DeviceOffer device) => conditions.Where(c => !Meets(c, device)).Select(c => c.ToString());

    private static bool Meets(Condition condition, DeviceOffer device) => condition.Operator switch
    {
        "=" => ValuesOf(condition.Key, device).Any(v => IsLike(v, condition.Value)),
        "!=" => !ValuesOf(condition.Key, device).Any(v => IsLike(v, condition.Value)),
        _ => ParseVersion(device.OsVersion) is { } have && ParseVersion(condition.Value) is { } want && Compare(have, want, condition.Operator),
    };

    private static bool Compare(Version have, Version want, string op) => op switch
    {
        ">=" => have >= want,
        ">" => have > want,
        "<=" => have <= want,
        _ => have < want,
    };

    private static IEnumerable<string> ValuesOf(string key, DeviceOffer device) => key switch
    {
        "id" => [device.Id],
        "model" => [device.Model],
        "os" => [device.OsVersion],
        "platform" => [device.Platform.ToString()],
        "target" => [device.Target.ToString()],
        _ => device.Tags,
    };

    private static Version? ParseVersion(string text)
    {
        var parts = text.Split('.');
        var numbers = new int[4];
        if (parts.Length > 4) return null;
        for (var i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i])) return null;
        return new Version(numbers[0], numbers[1], numbers[2], numbers[3]);
    }

    /// <summary>Wildcard match without back-tracking beyond the last star, so that no pattern is slow.</summary>
    private static bool IsLike(string text, string pattern)
    {
        int t = 0, p = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*') (star, mark) = (p++, t);
            else if (p < pattern.Length && char.ToLowerInvariant(pattern[p]) == char.ToLowerInvariant(text[t])) (p, t) = (p + 1, t + 1);
            else if (star >= 0) (p, t) = (star + 1, ++mark);
            else return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
