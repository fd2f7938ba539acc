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

    private readonly string _line;
    private int _at;
    private int _depth;

    private ShellParser(string line) => _line = line;

    public static ShellNode Parse(string line)
    {
        var parser = new ShellParser(line);
        var node = parser.ReadSequence('\0');
        return parser._at < line.Length ? throw parser.Unexpected() : node;
    }

    private char Now => _at < _line.Length ? _line[_at] : '\0';

    private bool AtEnd => _at >= _line.Length;

    private ShellNode ReadSequence(char end)
    {
        if (++_depth > MaxDepth)
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

        _depth--;
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
        if (Now == '!' && _at + 1 < _line.Length && char.IsWhiteSpace(_line[_at + 1]))
        {
            _at++;
            return new ShellNode.Not(ReadPipe());
        }

        var left = ReadCommand();
        SkipBlanks();
        while (Now == '|' && !_line.AsSpan(_at).StartsWith("||"))
        {
            _at++;
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
        if (Now == '{' && _at + 1 < _line.Length && char.IsWhiteSpace(_line[_at + 1]))
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
        _at++;
        var body = ReadSequence(end);
        if (Now != end)
            throw Unexpected();
        _at++;
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
        var end = _at;
        while (end < _line.Length && (char.IsAsciiLetterOrDigit(_line[end]) || _line[end] == '_'))
            end++;
        if (end == _at || end >= _line.Length || _line[end] != '=' || char.IsAsciiDigit(Now))
            return null;
        var name = _line[_at..end];
        _at = end + 1;
        return (name, AtEnd || char.IsWhiteSpace(Now) || Now == ';' ? new ShellWord([]) : ReadWord());
    }

    private Redirect? TryReadRedirect()
    {
        var at = _at;
        var from = -1;
        if (char.IsAsciiDigit(Now) && at + 1 < _line.Length && _line[at + 1] is '>' or '<')
            from = _line[at++] - '0';
        if (at >= _line.Length || _line[at] is not ('>' or '<'))
            return null;
        var read = _line[at++] == '<';
        var kind = read ? RedirectKind.Read : RedirectKind.Write;
        if (!read && at < _line.Length && _line[at] == '>')
        {
            kind = RedirectKind.Append;
            at++;
        }
        else if (at < _line.Length && _line[at] == '&')
        {
            kind = RedirectKind.Duplicate;
            at++;
        }
        else if (read && at < _line.Length && _line[at] == '<')
        {
            throw new ShellSyntaxException("here-documents are not supported by this virtual phone's shell");
        }

        _at = at;
        SkipBlanks();
        return new Redirect(from >= 0 ? from : read ? 0 : 1, kind, ReadWord());
    }

    private ShellWord ReadWord()
    {
        var parts = new List<ShellWord.Part>();
        var text = new StringBuilder();
        var start = _at;
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
                    _at++;
                    if (!AtEnd)
                        parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, _line[_at++].ToString(), true));
                    break;
                case '$' when ReadDollar(quoted: false) is { } dollar:
                    Flush(parts, text);
                    parts.Add(dollar);
                    break;
                case '`':
                    throw new ShellSyntaxException("backquotes are not supported by this virtual phone's shell: use $(…)");
                default:
                    text.Append(_line[_at++]);
                    break;
            }
        }

        Flush(parts, text);
        return _at == start ? throw Unexpected() : new ShellWord(parts);
    }

    private static void Flush(List<ShellWord.Part> parts, StringBuilder text)
    {
        if (text.Length > 0)
            parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, text.ToString(), false));
        text.Clear();
    }

    private string ReadUntilQuote()
    {
        var end = _line.IndexOf('\'', _at + 1);
        if (end < 0)
            throw new ShellSyntaxException("no closing quote");
        var inside = _line[(_at + 1)..end];
        _at = end + 1;
        return inside;
    }

    private void ReadDoubleQuoted(List<ShellWord.Part> parts)
    {
        var text = new StringBuilder();
        _at++;
        while (Now != '"')
        {
            if (AtEnd)
                throw new ShellSyntaxException("no closing quote");
            if (Now == '\\' && _at + 1 < _line.Length && _line[_at + 1] is '"' or '\\' or '$' or '`')
            {
                text.Append(_line[_at + 1]);
                _at += 2;
            }
            else if (Now == '$' && ReadDollar(quoted: true) is { } dollar)
            {
                parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, text.ToString(), true));
                text.Clear();
                parts.Add(dollar);
            }
            else
            {
                text.Append(_line[_at++]);
            }
        }

        _at++;
        parts.Add(new ShellWord.Part(ShellWord.PartKind.Text, text.ToString(), true));
    }

    /// <returns>Null where the dollar is only a dollar; then nothing was read.</returns>
    private ShellWord.Part? ReadDollar(bool quoted)
    {
        var next = _at + 1 < _line.Length ? _line[_at + 1] : '\0';
        if (next == '(')
        {
            if (_at + 2 < _line.Length && _line[_at + 2] == '(')
                throw new ShellSyntaxException("arithmetic is not supported by this virtual phone's shell");
            _at += 2;
            var body = ReadSequence(')');
            if (Now != ')')
                throw new ShellSyntaxException("no closing ')'");
            _at++;
            return new ShellWord.Part(ShellWord.PartKind.Command, "", quoted, body);
        }

        if (next is '?' or '$' or '#')
        {
            _at += 2;
            return new ShellWord.Part(ShellWord.PartKind.Variable, next.ToString(), quoted);
        }

        var braces = next == '{';
        var start = _at + (braces ? 2 : 1);
        var end = start;
        while (end < _line.Length && (char.IsAsciiLetterOrDigit(_line[end]) || _line[end] == '_'))
            end++;
        if (braces && (end >= _line.Length || _line[end] != '}'))
            throw new ShellSyntaxException("only ${name} is supported by this virtual phone's shell");
        if (end == start)
            return null;
        _at = braces ? end + 1 : end;
        return new ShellWord.Part(ShellWord.PartKind.Variable, _line[start..end], quoted);
    }

    private void SkipBlanks(bool lines = false)
    {
        while (Now is ' ' or '\t' or '\r' || (lines && Now == '\n'))
            _at++;
        if (Now == '#' && (_at == 0 || char.IsWhiteSpace(_line[_at - 1])))
        {
            while (!AtEnd && Now != '\n')
                _at++;
        }
    }

    private bool Take(string text)
    {
        if (string.CompareOrdinal(_line, _at, text, 0, text.Length) != 0)
            return false;
        _at += text.Length;
        return true;
    }

    private ShellSyntaxException Unexpected() =>
        new(AtEnd ? "unexpected end of line" : $"unexpected '{Now}'");
}
