using CsCheck;
using Qgjob.Core.Devices;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Tests.Devices;

/// <summary>What holds for every selector and every device.</summary>
public sealed class DeviceSelectorLawTests
{
    private static readonly string[] Fields = ["agent", "api", "id", "manufacturer", "model", "name", "os", "tag"];
    private static readonly string[] Orders = [">=", "<=", ">", "<"];
    private static readonly Gen<string> Version = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 2]).Select(v => v.Item2 == 0 ? $"{v.Item1}" : $"{v.Item1}.{v.Item2 - 1}.{v.Item3}");
    private static readonly Gen<string> Word = Gen.OneOf(Gen.String[Gen.Char["abAB ,|\"'\\*?=<>!1."], 1, 6], Version);

    private static readonly Gen<DeviceOffer> Device = Gen.Select(
        Gen.String[Gen.Char["abAB/,\"*"], 1, 5], Word, Gen.OneOf(Version, Word), Word.List[0, 2], Gen.Int[0, 3], Gen.Bool).Select((id, model, os, tags, api, told) =>
        new DeviceOffer(id, Target.Device, Platform.Android, os, model, tags, [])
        {
            ApiLevel = api == 0 ? null : api,
            Agent = told ? "a" : null,
            Manufacturer = told ? "b" : null,
        });

    private static readonly Gen<string> Equality = Gen.Select(Gen.Int[0, Fields.Length - 1].Select(i => Fields[i]), Gen.Bool.Select(b => b ? "=" : "!="), Word.List[1, 3]).Select((field, op, values) =>
        $"{field}{op}{string.Join('|', values.Select(Quoted))}");

    private static readonly Gen<string> Comparison = Gen.Select(Gen.Bool.Select(b => b ? "os" : "api"), Gen.Int[0, 3].Select(i => Orders[i]), Version).Select((field, op, version) => field + op + version);
    private static readonly Gen<string> Condition = Gen.OneOf(Equality, Comparison);

    [Fact]
    public void No_text_makes_the_reader_or_a_match_fail() => Gen.Select(
        Gen.OneOf(Gen.String[Gen.Char["os<>=!*?,.1 |\"'\\tagmdelip\t\n"], 0, 40], Gen.String, Condition.List[1, 4].Select(c => string.Join(',', c))), Device).Sample((text, device) =>
    {
        if (DeviceSelector.TryParse(text, out var selector, out var error))
        {
            Assert.Equal(selector.Matches(device), selector.Unmet(device).Count == 0);
            return;
        }
        Assert.NotEmpty(error!.Problem);
        Assert.InRange(error.At, 0, text.Length);
        Assert.True(error.Length > 0 && error.At + error.Length <= text.Length + 1, error.Pointed);
        Assert.Equal(2, error.Pointed.Split('\n').Length);
    }, iter: 20_000);

    [Fact]
    public void What_is_printed_reads_as_the_same_and_prints_the_same() => Gen.Select(Condition.List[1, 4], Device).Sample((conditions, device) =>
    {
        var selector = Parse(string.Join(" , ", conditions));
        var again = Parse(selector.ToString());
        Assert.Equal(selector.ToString(), again.ToString());
        Assert.Equal(selector.Matches(device), again.Matches(device));
    }, iter: 5000);

    [Fact]
    public void A_selector_is_the_same_whatever_the_order_of_its_conditions_and_values() => Gen.Select(Equality.List[1, 3], Word.List[2, 3], Gen.Int[0, Fields.Length - 1].Select(i => Fields[i])).Sample((conditions, values, field) =>
    {
        string Alternatives(IEnumerable<string> of) => $"{field}={string.Join('|', of.Select(Quoted))}";
        Assert.Equal(
            Parse(string.Join(',', [.. conditions, Alternatives(values)])).ToString(),
            Parse(string.Join(',', [Alternatives(values.AsEnumerable().Reverse()), .. conditions.AsEnumerable().Reverse()])).ToString());
    });

    [Fact]
    public void A_comma_is_and_a_bar_is_or_and_an_exclamation_mark_is_not() => Gen.Select(Condition, Condition, Gen.Int[0, Fields.Length - 1].Select(i => Fields[i]), Word, Word, Device).Sample((a, b, field, v, w, device) =>
    {
        bool Holds(string text) => Parse(text).Matches(device);
        Assert.Equal(Holds(a) && Holds(b), Holds($"{a},{b}"));
        Assert.Equal(Holds($"{field}={Quoted(v)}") || Holds($"{field}={Quoted(w)}"), Holds($"{field}={Quoted(v)}|{Quoted(w)}"));
        Assert.NotEqual(Holds($"{field}={Quoted(v)}"), Holds($"{field}!={Quoted(v)}"));
    }, iter: 5000);

    [Fact]
    public void Of_two_versions_one_is_less_or_equal_or_greater() => Gen.Select(Version, Version, Device).Sample((have, want, device) =>
    {
        device = device with { OsVersion = have };
        bool Holds(string op) => Parse($"os{op}{want}").Matches(device);
        Assert.Single(new[] { "<", "=", ">" }, Holds);
        Assert.Equal(Holds("<") || Holds("="), Holds("<="));
        Assert.Equal(Holds(">") || Holds("="), Holds(">="));
    });

    [Fact]
    public void A_device_is_the_only_one_with_its_id() => Gen.Select(Device, Device).Sample((a, b) =>
    {
        Assert.True(Parse(DeviceSelector.IdIs(a.Id)).Matches(a));
        Assert.Equal(string.Equals(a.Id, b.Id, StringComparison.OrdinalIgnoreCase), Parse(DeviceSelector.IdIs(a.Id)).Matches(b));
    });

    [Fact]
    public void A_wildcard_matches_what_a_naive_matcher_matches() =>
        Gen.Select(Gen.String[Gen.Char["ab"], 1, 8], Gen.String[Gen.Char["ab*?"], 1, 6], Device).Sample((text, pattern, device) =>
            Assert.Equal(Like(text, pattern), Parse("model=" + pattern).Matches(device with { Model = text, Manufacturer = null })));

    private static bool Like(string text, string pattern) =>
        pattern.Length == 0 ? text.Length == 0
        : pattern[0] == '*' ? Like(text, pattern[1..]) || (text.Length > 0 && Like(text[1..], pattern))
        : text.Length > 0 && (pattern[0] == '?' || text[0] == pattern[0]) && Like(text[1..], pattern[1..]);

    /// <summary>In quotes, with stars and question marks as wildcards.</summary>
    private static string Quoted(string value) =>
        $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static DeviceSelector Parse(string text) =>
        DeviceSelector.TryParse(text, out var selector, out var error) ? selector : throw new InvalidOperationException($"{error!.Problem}\n{error.Pointed}");
}
