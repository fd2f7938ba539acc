namespace Qgjob.Core.Devices;

/// <summary>What is wrong with a selector's text, and where.</summary>
/// <param name="Text">The text.</param>
/// <param name="At">Index of the first character that is wrong; the text's length where something is missing at its end.</param>
/// <param name="Length">Characters that are wrong; at least 1.</param>
/// <param name="Problem">A sentence without a full stop.</param>
public sealed record SelectorError(string Text, int At, int Length, string Problem)
{
    /// <summary>The problem with its place, in one line.</summary>
    public override string ToString() => $"{Problem} (at character {At + 1})";

    /// <summary>The text, and below it marks under what is wrong, as compilers do.</summary>
    public string Pointed
    {
        get
        {
            // A tab or a line's end would move the marks.
            var line = string.Create(Text.Length, Text, static (span, text) =>
            {
                for (var i = 0; i < span.Length; i++) span[i] = char.IsControl(text[i]) ? ' ' : text[i];
            });
            return $"  {line}\n  {new string(' ', At)}{new string('^', Length)}";
        }
    }
}
