using System.Text;

namespace Qgjob.Phones.Ui;

/// <summary>A text with {names} in it.</summary>
internal sealed class UiTemplate
{
    private readonly IReadOnlyList<Part> parts;

    private UiTemplate(IReadOnlyList<Part> parts) => this.parts = parts;

    /// <param name="Text">The text itself, or the name to look up.</param>
    /// <param name="IsName">Whether it is a name.</param>
    /// <param name="Count">Whether the length of the list of that name is meant.</param>
    private readonly record struct Part(string Text, bool IsName, bool Count);

    public static UiTemplate Literal(string text) => new([new Part(text, false, false)]);

    public static UiTemplate Parse(JsonPlace place, UiNames names)
    {
        var text = place.Text();
        var parts = new List<Part>();
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '{' or '}' && i + 1 < text.Length && text[i + 1] == text[i])
            {
                literal.Append(text[i++]); // {{ and }} stand for the characters themselves
                continue;
            }

            if (text[i] != '{')
            {
                literal.Append(text[i]);
                continue;
            }

            var end = text.IndexOf('}', i);
            if (end < 0)
                throw place.Wrong($"'{{' without '}}' in '{text}' (write '{{{{' for the character itself)");
            if (literal.Length > 0)
                parts.Add(new Part(literal.ToString(), false, false));
            literal.Clear();
            parts.Add(ParseName(place, text[(i + 1)..end], names));
            i = end;
        }

        if (literal.Length > 0)
            parts.Add(new Part(literal.ToString(), false, false));
        return new UiTemplate(parts);
    }

    private static Part ParseName(JsonPlace place, string inside, UiNames names)
    {
        const string count = "count:";
        var counted = inside.StartsWith(count, StringComparison.Ordinal);
        var name = counted ? inside[count.Length..] : inside;
        if (counted)
            names.RequireList(place, name);
        else
            names.Require(place, name);
        return new Part(name, true, counted);
    }

    /// <summary>A lone {name} gives the value itself, lists included; anything else gives text.</summary>
    public UiValue Value(IUiScope scope) =>
        parts is [{ IsName: true, Count: false } only] ? scope.Find(only.Text) : new UiText(Text(scope));

    public string Text(IUiScope scope) => string.Concat(parts.Select(part => part switch
    {
        { IsName: false } => part.Text,
        { Count: true } => scope.Find(part.Text) is UiList list ? list.Count : "0",
        _ => scope.Find(part.Text).Text,
    }));
}

/// <summary>Where templates and conditions look values up.</summary>
internal interface IUiScope
{
    UiValue Find(string name);

    bool IsGranted(string permission);
}

/// <summary>The names that a place in the file may use.</summary>
/// <param name="Values">Data and variables with their first values.</param>
/// <param name="Loop">Loop variables around the place.</param>
/// <param name="Screens">All screens.</param>
internal sealed record UiNames(IReadOnlyDictionary<string, UiValue> Values, IReadOnlySet<string> Loop, IReadOnlySet<string> Screens)
{
    public const string Version = "version";
    public const string Package = "package";

    public void Require(JsonPlace place, string name)
    {
        if (!Loop.Contains(name) && !Values.ContainsKey(name) && name is not (Version or Package))
            throw place.Wrong($"unknown name '{name}' (neither in data, nor in vars, nor a loop variable here)");
    }

    public void RequireStored(JsonPlace place, string name)
    {
        if (!Values.ContainsKey(name))
            throw place.Wrong($"unknown name '{name}' (neither in data nor in vars)");
    }

    public void RequireList(JsonPlace place, string name)
    {
        RequireStored(place, name);
        if (Values[name] is not UiList)
            throw place.Wrong($"'{name}' is not a list");
    }

    public void RequireScreen(JsonPlace place, string screen)
    {
        if (!Screens.Contains(screen))
            throw place.Wrong($"there is no screen '{screen}' (screens: {string.Join(", ", Screens)})");
    }

    public UiNames With(params ReadOnlySpan<string?> loop)
    {
        var all = new HashSet<string>(Loop);
        foreach (var name in loop)
        {
            if (name is not null)
                all.Add(name);
        }

        return this with { Loop = all };
    }
}
