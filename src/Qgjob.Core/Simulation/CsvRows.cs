namespace Qgjob.Core.Simulation;

/// <summary>
/// Reads CSV as RFC 4180 has it, one row at a time into one buffer: a trace of a million rows leaves no garbage.
/// Lines end with LF, CRLF or CR; empty lines are passed over.
/// </summary>
internal sealed class CsvRows(TextReader input)
{
    // A forgotten closing quote would otherwise swallow the rest of the file before anybody hears of it.
    private const int LongestField = 4096;

    private readonly char[] block = new char[1 << 15];
    private readonly List<int> ends = [];
    private char[] text = new char[512];
    private int length;
    private int blockLength;
    private int at;
    private int nextLine = 1;
    private bool begun;

    /// <summary>The line, counted from 1, on which the row begins.</summary>
    public int Line { get; private set; }

    /// <summary>Fields of the row.</summary>
    public int Count => ends.Count;

    /// <summary>A field without its quotes; valid until the next row is read.</summary>
    public ReadOnlySpan<char> this[int field] => text.AsSpan((field == 0 ? 0 : ends[field - 1])..ends[field]);

    /// <summary>Moves to the next row that is not empty; false at the end.</summary>
    /// <exception cref="TraceFormatException">Quotes are not as they should be.</exception>
    public bool Next()
    {
        if (!begun)
        {
            begun = true;
            if (Peek() == '\uFEFF') at++;
        }
        while (Peek() is '\r' or '\n') EndLine();
        if (Peek() < 0) return false;
        Line = nextLine;
        ends.Clear();
        length = 0;
        while (true)
        {
            if (Peek() == '"') ReadQuoted();
            else ReadPlain();
            ends.Add(length);
            if (Peek() == ',')
            {
                at++;
                continue;
            }
            if (Peek() >= 0) EndLine();
            return true;
        }
    }

    private void ReadPlain()
    {
        while (Peek() is >= 0 and not (',' or '\r' or '\n') and var c)
        {
            if (c == '"') throw Wrong("a quote stands inside a field without quotes; put the field in quotes and double the quote");
            Append((char)c);
            at++;
        }
    }

    private void ReadQuoted()
    {
        at++;
        while (true)
        {
            switch (Peek())
            {
                case < 0:
                    throw Wrong("a quoted field never ends; a closing quote is missing");
                case '"':
                    at++;
                    if (Peek() is < 0 or ',' or '\r' or '\n') return;
                    if (Peek() != '"') throw Wrong("text follows a closing quote; a comma or the line's end is expected");
                    Append('"');
                    at++;
                    break;
                case '\r' or '\n':
                    Append('\n');
                    EndLine();
                    break;
                case var c:
                    Append((char)c);
                    at++;
                    break;
            }
        }
    }

    private void EndLine()
    {
        var first = Peek();
        at++;
        if (first == '\r' && Peek() == '\n') at++;
        nextLine++;
    }

    private void Append(char c)
    {
        if (length - (ends.Count == 0 ? 0 : ends[^1]) >= LongestField)
            throw Wrong($"a field is longer than {LongestField} characters; is a closing quote missing?");
        if (length == text.Length) Array.Resize(ref text, 2 * length);
        text[length++] = c;
    }

    private int Peek()
    {
        if (at == blockLength)
        {
            blockLength = input.Read(block, 0, block.Length);
            at = 0;
            if (blockLength == 0) return -1;
        }
        return block[at];
    }

    private TraceFormatException Wrong(string problem) => new(Line, null, $"field {ends.Count + 1}: {problem}.");
}
