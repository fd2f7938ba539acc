using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Qgjob.Phones.Ui;

namespace Qgjob.Phones.UiAutomator;

/// <summary>Reads the Java expressions of "-android uiautomator": a UiSelector or a UiScrollable, with or without "new UiSelector()".</summary>
internal sealed class UiSelectorParser
{
    // A pattern from a test must not hang the phone.
    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(1);

    private readonly string text;
    private int at;

    private UiSelectorParser(string text) => this.text = text;

    /// <exception cref="WebDriverException">The expression is not understood; the message says where.</exception>
    public static UiQuery Parse(string text)
    {
        var parser = new UiSelectorParser(text.Trim().TrimEnd(';').TrimEnd());
        var query = parser.Query();
        parser.Blanks();
        return parser.at < parser.text.Length ? throw parser.Wrong("unexpected text") : query;
    }

    private UiQuery Query()
    {
        var start = at;
        if (Word("new") && Word("UiScrollable"))
            return Scrollable();
        at = start;
        return Selector();
    }

    private UiScrollable Scrollable()
    {
        Expect('(');
        var list = Selector();
        Expect(')');
        UiSelector? target = null;
        while (Take('.'))
        {
            var name = Name();
            Expect('(');
            switch (name)
            {
                case "scrollIntoView":
                    Blanks();
                    target = at < text.Length && text[at] == '"' ? Containing(String()) : Selector();
                    break;
                case "scrollTextIntoView":
                    target = Containing(String());
                    break;
                case "scrollDescriptionIntoView":
                    var wanted = String();
                    target = new UiSelector { Conditions = { n => n.Desc == wanted } };
                    break;
                case "setAsVerticalList" or "setAsHorizontalList":
                    break;
                case "setMaxSearchSwipes":
                    Number();
                    break;
                default:
                    throw Wrong($"the virtual phone does not know UiScrollable.{name}");
            }

            Expect(')');
        }

        return new UiScrollable(list, target);
    }

    private static UiSelector Containing(string text) => new() { Conditions = { n => n.Text == text } };

    private UiSelector Selector()
    {
        var selector = new UiSelector();
        var count = 0;
        var start = at;
        if (Word("new") || Word("UiSelector"))
        {
            at = start;
            Word("new");
            if (!Word("UiSelector"))
                throw Wrong("expected UiSelector");
            Expect('(');
            Expect(')');
            count++;
        }

        while (count == 0 || Take('.'))
        {
            if (count++ == 0)
                Take('.');
            var name = Name();
            Expect('(');
            Apply(selector, name);
            Expect(')');
        }

        return selector;
    }

    private void Apply(UiSelector selector, string name)
    {
        switch (name)
        {
            case "instance":
                selector.Instance = Number();
                return;
            case "childSelector":
                selector.Child = Selector();
                return;
            case "fromParent":
                selector.FromParent = Selector();
                return;
            case "index":
                var index = Number();
                selector.Conditions.Add(n => n.Index == index);
                return;
        }

        if (TextCondition(name) is { } text)
        {
            var value = String();
            selector.Conditions.Add(text(value));
        }
        else if (FlagCondition(name) is { } flag)
        {
            var value = Flag();
            selector.Conditions.Add(n => flag(n) == value);
        }
        else
        {
            throw Wrong($"the virtual phone does not know UiSelector.{name}");
        }
    }

    private static Func<string, Func<ViewNode, bool>>? TextCondition(string name) => name switch
    {
        "text" => v => n => n.Text == v,
        "textContains" => v => n => n.Text.Contains(v, StringComparison.OrdinalIgnoreCase),
        "textStartsWith" => v => n => n.Text.StartsWith(v, StringComparison.OrdinalIgnoreCase),
        "textMatches" => v => Whole(v, n => n.Text),
        "description" => v => n => n.Desc == v,
        "descriptionContains" => v => n => n.Desc?.Contains(v, StringComparison.OrdinalIgnoreCase) == true,
        "descriptionStartsWith" => v => n => n.Desc?.StartsWith(v, StringComparison.OrdinalIgnoreCase) == true,
        "descriptionMatches" => v => Whole(v, n => n.Desc),
        "resourceId" => v => n => n.ResourceId == v,
        "resourceIdMatches" => v => Whole(v, n => n.ResourceId),
        "className" => v => n => n.Class == v,
        "classNameMatches" => v => Whole(v, n => n.Class),
        "packageName" => v => n => n.Package == v,
        "packageNameMatches" => v => Whole(v, n => n.Package),
        _ => null,
    };

    private static Func<ViewNode, bool>? FlagCondition(string name) => name switch
    {
        "checkable" => n => n.Checkable,
        "checked" => n => n.Checked,
        "clickable" => n => n.Clickable,
        "enabled" => n => n.Enabled,
        "focusable" => n => n.Focusable,
        "focused" => n => n.Focused,
        "longClickable" => n => n.LongTap is not null,
        "scrollable" => n => n.Scrollable,
        "selected" => n => n.Selected,
        _ => null,
    };

    /// <summary>Java's matches(): the whole text, over lines too.</summary>
    private static Func<ViewNode, bool> Whole(string pattern, Func<ViewNode, string?> of)
    {
        Regex regex;
        try
        {
            regex = new Regex($"^(?:{pattern})$", RegexOptions.Singleline, MatchLimit);
        }
        catch (ArgumentException ex)
        {
            throw WebDriverException.InvalidSelector($"'{pattern}' is not a valid pattern: {ex.Message}");
        }

        return node =>
        {
            try
            {
                return of(node) is { } text && regex.Match(text) is { Success: true } match && match.Length == text.Length;
            }
            catch (RegexMatchTimeoutException)
            {
                throw WebDriverException.InvalidSelector($"The pattern '{pattern}' takes too long.");
            }
        };
    }

    private bool Word(string word)
    {
        Blanks();
        var end = at + word.Length;
        if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0 || (end < text.Length && char.IsLetterOrDigit(text[end])))
            return false;
        at = end;
        return true;
    }

    private string Name()
    {
        Blanks();
        var start = at;
        while (at < text.Length && char.IsLetter(text[at]))
            at++;
        return at > start ? text[start..at] : throw Wrong("expected a method name");
    }

    private string String()
    {
        Expect('"');
        var value = new StringBuilder();
        while (at < text.Length && text[at] != '"')
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
                value.Append(text[at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', var c => c });
                at++;
            }
            else
            {
                value.Append(text[at++]);
            }
        }

        if (at == text.Length)
            throw Wrong("a text without its closing quote");
        at++;
        return value.ToString();
    }

    private int Number()
    {
        Blanks();
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return int.TryParse(text.AsSpan(start, at - start), CultureInfo.InvariantCulture, out var number) ? number : throw Wrong("expected a number");
    }

    /// <summary>Nothing between the brackets means true.</summary>
    private bool Flag()
    {
        Blanks();
        if (at < text.Length && text[at] == ')')
            return true;
        return Word("true") || (Word("false") ? false : throw Wrong("expected true or false"));
    }

    private bool Take(char c)
    {
        Blanks();
        if (at >= text.Length || text[at] != c)
            return false;
        at++;
        return true;
    }

    private void Expect(char c)
    {
        if (!Take(c))
            throw Wrong($"expected '{c}'");
    }

    private void Blanks()
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
            at++;
    }

    private WebDriverException Wrong(string problem) =>
        WebDriverException.InvalidSelector($"Could not parse expression '{text}' at character {this.at + 1}: {problem}.");
}
