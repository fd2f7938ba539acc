using System.Text;
using Qgjob.Core.Jobs;

namespace Qgjob.Core.Devices.Selectors;

/// <summary>Reads a selector's text from left to right.</summary>
internal sealed class SelectorReader
{
    private static readonly string[] Operators = [">=", "<=", "!=", "=", ">", "<"];
    private readonly string text;
    private int at;
    private SelectorError? error;

    private SelectorReader(string text) => this.text = text;

    public static bool TryRead(string text, out IReadOnlyList<DeviceCondition> conditions, out SelectorError? error)
    {
        var reader = new SelectorReader(text);
        var found = new List<DeviceCondition>();
        do
        {
            if (reader.Condition() is { } condition) found.Add(condition);
        }
        while (reader.error is null && reader.Skip(','));
        (conditions, error) = (found, reader.error);
        return error is null;
    }

    private DeviceCondition? Condition()
    {
        SkipBlanks();
        var start = at;
        while (at < text.Length && text[at] is not (',' or '=' or '!' or '<' or '>')) at++;
        var name = text[start..at].TrimEnd();
        var op = Array.Find(Operators, o => string.CompareOrdinal(text, at, o, 0, o.Length) == 0);
        if (op is null)
            return Fail(start, Math.Max(name.Length, 1), name.Length == 0
                ? "a condition such as model=Pixel* or os>=13 is missing"
                : $"'{name}' is not a condition such as model=Pixel* or os>=13");
        if (!DeviceFields.TryParse(name, out var field))
            return Fail(start, name.Length, name.Length == 0 ? "the field is missing" : $"unknown field '{name}'; fields are {DeviceFields.Names}");
        var opAt = at;
        at += op.Length;
        var values = new List<TextPattern>();
        do
        {
            SkipBlanks();
            var valueAt = at;
            if (Value() is not { } value || !Suits(field, op, value, opAt, valueAt)) return null;
            values.Add(value);
        }
        while (Skip('|'));
        if (values.Count > 1 && op is not ("=" or "!="))
            return Fail(opAt, op.Length, $"{op} compares with one version; alternatives go with = and !=");
        return new DeviceCondition(field, op, values);
    }

    private bool Suits(DeviceField field, string op, TextPattern value, int opAt, int valueAt)
    {
        if (op is not ("=" or "!="))
        {
            if (!DeviceFields.HasOrder(field)) Fail(opAt, op.Length, $"{op} compares only os and api; {Words.Of(field)} takes = and !=");
            else if (value.Plain is not { } plain || VersionText.Parse(plain) is null)
                Fail(valueAt, Math.Max(1, LengthFrom(valueAt)), $"{op} compares with a version such as 13 or 17.4");
        }
        else if (field is DeviceField.Target) Known<Target>(value, valueAt, Target.Any);
        else if (field is DeviceField.Platform) Known<Platform>(value, valueAt, null);
        return error is null;
    }

    private void Known<T>(TextPattern value, int valueAt, T? never) where T : struct, Enum
    {
        var words = Words.All<T>().Where(w => never is not { } no || w != Words.Of(no)).ToList();
        if (value.Plain is { } word && !words.Contains(word.ToLowerInvariant()))
            Fail(valueAt, LengthFrom(valueAt), $"'{word}' is no {typeof(T).Name.ToLowerInvariant()}; choose from {string.Join(", ", words)}");
    }

    private TextPattern? Value()
    {
        if (at < text.Length && text[at] is '"' or '\'') return Quoted(text[at]);
        var start = at;
        if (at < text.Length && text[at] is '=' or '!' or '<' or '>')
        {
            Fail(start, 1, "the operator is one of = != >= <= > <; a value that begins with such a character is put in quotes");
            return null;
        }
        while (at < text.Length && text[at] is not (',' or '|')) at++;
        var word = text[start..at].TrimEnd();
        if (word.Length > 0) return TextPattern.Of(word);
        Fail(start, 1, "the value is missing");
        return null;
    }

    private TextPattern? Quoted(char quote)
    {
        var start = at++;
        var letters = new StringBuilder();
        var ordinary = new List<bool>();
        while (at < text.Length && text[at] != quote)
        {
            var escaped = text[at] == '\\' && at + 1 < text.Length;
            if (escaped) at++;
            letters.Append(text[at++]);
            ordinary.Add(escaped);
        }
        if (at == text.Length) Fail(start, text.Length - start, $"the quote is not closed; end the value with {quote}");
        else if (letters.Length == 0) Fail(start, 2, "the value is empty");
        else
        {
            at++;
            SkipBlanks();
            if (at == text.Length || text[at] is ',' or '|') return TextPattern.Of(letters.ToString(), ordinary);
            Fail(at, 1, "after the closing quote comes a comma, a bar or the end");
        }
        return null;
    }

    private int LengthFrom(int start) => Math.Max(1, text[start..at].TrimEnd().Length);

    private void SkipBlanks()
    {
        while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
    }

    private bool Skip(char c)
    {
        if (at == text.Length || text[at] != c) return false;
        at++;
        return true;
    }

    private DeviceCondition? Fail(int start, int length, string problem)
    {
        error ??= new SelectorError(text, start, Math.Max(1, length), problem);
        return null;
    }
}
