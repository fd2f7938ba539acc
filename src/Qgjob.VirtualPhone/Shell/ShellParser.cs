using System.Text;

namespace Qgjob.Phones.Shell;

/// <summary>
/// Reads a shell line: words with quotes and variables, ; &amp;&amp; || | !, ( ) and { }, redirections, $(…).
/// No loops, functions or arithmetic: what needs them is a script, and gets a syntax error that says so.
/// </summary>
internal sealed class ShellParser
{
    private const int MaxDepth = 20;
    private static readonly string[] Unsupported = ["if", "then", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "function"];

    private readonly string line;
    private int at;
    private int depth;

    private ShellParser(string line) => this.line = line;

    public static ShellNode Parse(string line)
    {
        var parser = new ShellParser(line);
        var node = parser.ReadSequence('\0');
        return parser.at < line.Length ? throw parser.Unexpected() : node;
    }

    private char Now => at < line.Length ? line[at] : '\0';

    private bool AtEnd => at >= line.Length;

    private ShellNode ReadSequence(char end)
    {
        if (++depth > MaxDepth)
            throw new ShellSyntaxException("nested too deeply");
        var parts = new List<ShellNode>();
        while (true)
        {
            SkipBlanks(lines: true);
            if (AtEnd || Now == end || Now is ')' or '}')
                break;
            if (Take(";"))
                continue;
            parts.Add(ReadAndOr());
            SkipBlanks();
            // "a & b" runs a in the background on a phone; here it runs before b.
            if (!AtEnd && Now != end && Now is not (')' or '}') && !Take(";") && !Take("\n") && !Take("&"))
                throw Unexpected();
        }

        depth--;
        return parts is [var only] ? only : new ShellNode.Sequence(parts);
    }

    private ShellNode ReadAndOr()
    {
        var left = ReadPipe();
        while (true)
        {
            SkipBlanks();
            if (Take("&&"))
                left = new ShellNode.And(left, AfterOperator(ReadPipe));
            else if (Take("||"))
                left = new ShellNode.Or(left, AfterOperator(ReadPipe));
            else
                return left;
        }
    }

    private ShellNode ReadPipe()
    {
        SkipBlanks();
        if (Now == '!' && at + 1 < line.Length && char.IsWhiteSpace(line[at + 1]))
        {
            at++;
            return new ShellNode.Not(ReadPipe());
        }

        var left = ReadCommand();
        SkipBlanks();
        while (Now == '|' && !line.AsSpan(at).StartsWith("||"))
        {
            at++;
            left = new ShellNode.Pipe(left, AfterOperator(ReadCommand));
            SkipBlanks();
        }

        return left;
    }

    private ShellNode AfterOperator(Func<ShellNode> read)
    {
        SkipBlanks(lines: true);
        return read();
    }

    private ShellNode ReadCommand()
    {
        SkipBlanks();
        if (Now == '(')
            return ReadGroup(')');
        if (Now == '{' && at + 1 < line.Length && char.IsWhiteSpace(line[at + 1]))
            return ReadGroup('}');

        var assignments = new List<(string, ShellWord)>();
        var words = new List<ShellWord>();
        var redirects = new List<Redirect>();
        while (true)
        {
            SkipBlanks();
            if (AtEnd || Now is ';' or '&' or '|' or ')' or '\n')
                break;
            if (TryReadRedirect() is { } redirect)
                redirects.Add(redirect);
            else if (words.Count == 0 && TryReadAssignment() is { } assignment)
                assignments.Add(assignment);
            else
                words.Add(ReadWord());
        }

        if (words.Count + assignments.Count + redirects.Count == 0)
            throw Unexpected();
        if (words is [{ Parts: [{ Kind: ShellWord.PartKind.Text, Quoted: false, Text: var first }] }, ..] && Unsupported.Contains(first))
            throw new ShellSyntaxException($"'{first}' is not supported by this virtual phone's shell");
        return new ShellNode.Simple(assignments, words, redirects);
    }

    private ShellNode.Group ReadGroup(char end)
    {
        at++;
        var body = ReadSequence(end);
        if (Now != end)
            throw Unexpected();
        at++;
        var redirects = new List<Redirect>();
        SkipBlanks();
        while (TryReadRedirect() is { } redirect)
        {
            redirects.Add(redirect);
            SkipBlanks();
        }

        return new ShellNode.Group(body, redirects);
    }

    private (string, ShellWord)? TryReadAssignment()
    {
        var end = at;
        while (end < line.Length && (char.IsAsciiLetterOrDigit(line[end]) || line[end] == '_'))
            end++;
        if (end == at || end >= line.Length || line[end] != '=' || char.IsAsciiDigit(Now))
            return null;
        var name = line[at..end];
        at = end + 1;
        return (name, AtEnd || char.IsWhiteSpace(Now) || Now == ';' ? new ShellWord([]) : ReadWord());
    }

    private Redirect? TryReadRedirect()
    {
        var at = this.at;
        var from = -1;
        if (char.IsAsciiDigit(Now) && at + 1 < line.Length && line[at + 1] is '>' or '<')
            from = line[at++] - '0';
        if (at >= line.Length || line[at] is not ('>' or '<'))
            return null;
        var read = line[at++] == '<';
        var kind = read ? RedirectKind.Read : RedirectKind.Write;
        if (!read && at < line.Length && line[at] == '>')
        {
            kind = RedirectKind.Append;
            at++;
        }
        else if (at < line.Length && line[at] == '&')
        {
            kind = RedirectKind.Duplicate;
            at++;
        }
        else if (read && at < line.Length && line[at] == '<')
        {
            throw new ShellSyntaxException("here-documents are not supported by this virtual phone's shell");
        }

        this.at = at;
        SkipBlanks();
        return new Redirect(from >= 0 ? from : read ? 0 : 1, kind, ReadWord());
    }

    private ShellWord ReadWord()
    {
        var parts = new List<ShellWord.Part>();
        var text = new StringBuilder();
        var start = at;
        while (!AtEnd && !char.IsWhiteSpace(Now) && Now is not (';' or '&' or '|' or '<' or '>' or ')' or '('))
        {
            switch (Now)
            {
                case '\'':
                    Flush(parts, text);
                    parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, ReadUntilQuote(), true));
                    break;
                case '"':
                    Flush(parts, text);
                    ReadDoubleQuoted(parts);
                    break;
                case '\\':
                    Flush(parts, text);
                    at++;
                    if (!AtEnd)
                        parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, line[at++].ToString(), true));
                    break;
                case '$' when ReadDollar(quoted: false) is { } dollar:
                    Flush(parts, text);
                    parts.Add(dollar);
                    break;
                case '`':
                    throw new ShellSyntaxException("backquotes are not supported by this virtual phone's shell: use $(…)");
                default:
                    text.Append(line[at++]);
                    break;
            }
        }

        Flush(parts, text);
        return at == start ? throw Unexpected() : new ShellWord(parts);
    }

    private static void Flush(List<ShellWord.Part> parts, StringBuilder text)
    {
        if (text.Length > 0)
            parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, text.ToString(), false));
        text.Clear();
    }

    private string ReadUntilQuote()
    {
        var end = line.IndexOf('\'', at + 1);
        if (end < 0)
            throw new ShellSyntaxException("no closing quote");
        var inside = line[(at + 1)..end];
        at = end + 1;
        return inside;
    }

    private void ReadDoubleQuoted(List<ShellWord.Part> parts)
    {
        var text = new StringBuilder();
        at++;
        while (Now != '"')
        {
            if (AtEnd)
                throw new ShellSyntaxException("no closing quote");
            if (Now == '\\' && at + 1 < line.Length && line[at + 1] is '"' or '\\' or '$' or '`')
            {
                text.Append(line[at + 1]);
                at += 2;
            }
            else if (Now == '$' && ReadDollar(quoted: true) is { } dollar)
            {
                parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, text.ToString(), true));
                text.Clear();
                parts.Add(dollar);
            }
            else
            {
                text.Append(line[at++]);
            }
        }

        at++;
        parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, text.ToString(), true));
    }

    /// <returns>Null where the dollar is only a dollar; then nothing was read.</returns>
    private ShellWord.Part? ReadDollar(bool quoted)
    {
        var next = at + 1 < line.Length ? line[at + 1] : '\0';
        if (next == '(')
        {
            if (at + 2 < line.Length && line[at + 2] == '(')
                throw new ShellSyntaxException("arithmetic is not supported by this virtual phone's shell");
            at += 2;
            var body = ReadSequence(')');
            if (Now != ')')
                throw new ShellSyntaxException("no closing ')'");
            at++;
            return new ShellWord.Part(ShellWord.PartKind.Command, "", quoted, body);
        }

        if (next is '?' or '$' or '#')
        {
            at += 2;
            return new ShellWord.Part(ShellWord.PartKind.Variable, next.ToString(), quoted);
        }

        var braces = next == '{';
        var start = at + (braces ? 2 : 1);
        var end = start;
        while (end < line.Length && (char.IsAsciiLetterOrDigit(line[end]) || line[end] == '_'))
            end++;
        if (braces && (end >= line.Length || line[end] != '}'))
            throw new ShellSyntaxException("only ${name} is supported by this virtual phone's shell");
        if (end == start)
            return null;
        at = braces ? end + 1 : end;
        return new ShellWord.Part(ShellWord.PartKind.Variable, line[start..end], quoted);
    }

    private void SkipBlanks(bool lines = false)
    {
        while (Now is ' ' or '\t' or '\r' || (lines && Now == '\n'))
            at++;
        if (Now == '#' && (at == 0 || char.IsWhiteSpace(line[at - 1])))
        {
            while (!AtEnd && Now != '\n')
                at++;
        }
    }

    private bool Take(string text)
    {
        if (string.CompareOrdinal(line, at, text, 0, text.Length) != 0)
            return false;
        at += text.Length;
        return true;
    }

    private ShellSyntaxException Unexpected() =>
        new(AtEnd ? "unexpected end of line" : $"unexpected '{Now}'");
}
