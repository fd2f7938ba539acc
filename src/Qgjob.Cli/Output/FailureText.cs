using Qgjob.Core;
using Qgjob.Core.Results;

namespace Qgjob.Cli.Output;

/// <summary>One failed test for people: place and name on one line, then message and code.</summary>
internal static class FailureText
{
    public static void Write(TextWriter output, TestResult test) =>
        Write(output, test.IsExcused() ? "quarantined" : Words.Of(test.Status), test.File, test.ErrorLine ?? test.Line, test.Title, test.Error, test.Snippet);

    public static void Write(TextWriter output, string status, string file, int line, string title, string? message, string? snippet)
    {
        output.WriteLine($"{status.ToUpperInvariant()}  {SafeText.Line(file)}:{line}  {SafeText.Line(title)}");
        foreach (var part in new[] { message, snippet }.OfType<string>())
            foreach (var text in SafeText.Lines(part)) output.WriteLine(text.Length == 0 ? "" : "    " + text);
    }
}
