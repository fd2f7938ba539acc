using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>What people put behind a pipe.</summary>
internal static class TextCommands
{
    public static async ValueTask<int> GrepAsync(ShellCall call, CancellationToken cancel)
    {
        var flags = string.Concat(call.Args.Where(a => a.Length > 1 && a[0] == '-').Select(a => a[1..]));
        if (call.Words.Count == 0)
            return await call.FailAsync("usage: grep [-ivcFEoq] PATTERN [FILE]", cancel, 2);
        if (PosixRegex.TryCompile(call.Words[0], flags.Contains('i', StringComparison.Ordinal), flags.Contains('F', StringComparison.Ordinal)) is not { } regex)
            return await call.FailAsync($"grep: bad pattern '{call.Words[0]}'", cancel, 2);
        var invert = flags.Contains('v', StringComparison.Ordinal);
        var hits = (await LinesAsync(call, 1, cancel)).Where(l => regex.IsMatch(l) != invert).ToList();
        if (flags.Contains('c', StringComparison.Ordinal))
            await call.PrintAsync($"{hits.Count}\n", cancel);
        else if (!flags.Contains('q', StringComparison.Ordinal))
            await call.PrintAsync(string.Concat(hits.Select(h => (flags.Contains('o', StringComparison.Ordinal) ? regex.Match(h).Value : h) + "\n")), cancel);
        return hits.Count > 0 ? 0 : 1;
    }

    public static async ValueTask<int> HeadAsync(ShellCall call, CancellationToken cancel) =>
        await PrintLinesAsync(call, (await LinesAsync(call, Skipped(call), cancel)).Take(Count(call)), cancel);

    public static async ValueTask<int> TailAsync(ShellCall call, CancellationToken cancel) =>
        await PrintLinesAsync(call, (await LinesAsync(call, Skipped(call), cancel)).TakeLast(Count(call)), cancel);

    public static async ValueTask<int> WcAsync(ShellCall call, CancellationToken cancel)
    {
        var text = await TextAsync(call, 0, cancel);
        int lines = text.Count(c => c == '\n'), words = text.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries).Length;
        var bytes = Encoding.UTF8.GetByteCount(text);
        return await call.PrintAsync(call.Has("-l") ? $"{lines}\n" : call.Has("-c") ? $"{bytes}\n" : call.Has("-w") ? $"{words}\n"
            : $"{lines} {words} {bytes}\n", cancel);
    }

    private static ValueTask<int> PrintLinesAsync(ShellCall call, IEnumerable<string> lines, CancellationToken cancel) =>
        call.PrintAsync(string.Concat(lines.Select(l => l + "\n")), cancel);

    /// <summary>"-n 5" puts its number among the words.</summary>
    private static int Skipped(ShellCall call) => call.After("-n") is null ? 0 : 1;

    private static int Count(ShellCall call) => int.TryParse(
        call.After("-n") ?? call.Args.FirstOrDefault(a => a.Length > 1 && a[0] == '-' && char.IsAsciiDigit(a[^1]))?.TrimStart('-', 'n'),
        CultureInfo.InvariantCulture, out var count) ? Math.Abs(count) : 10;

    private static async Task<IReadOnlyList<string>> LinesAsync(ShellCall call, int skipWords, CancellationToken cancel)
    {
        var text = await TextAsync(call, skipWords, cancel);
        return text.Length == 0 ? [] : (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
    }

    private static async Task<string> TextAsync(ShellCall call, int skipWords, CancellationToken cancel)
    {
        if (call.Words.ElementAtOrDefault(skipWords) is { } path)
        {
            if (FileContent.Read(call.Phone, call.Path(path)) is { } bytes)
                return Encoding.UTF8.GetString(bytes);
            await call.FailAsync($"{call.Name}: {path}: No such file or directory", cancel);
            return "";
        }

        using var reader = new StreamReader(call.Io.Input, leaveOpen: true);
        return await reader.ReadToEndAsync(cancel);
    }
}

/// <summary>Patterns of grep and pgrep, as .NET's engine that cannot run away reads them.</summary>
internal static class PosixRegex
{
    public static Regex? TryCompile(string pattern, bool ignoreCase, bool literal)
    {
        var translated = literal ? Regex.Escape(pattern) : pattern
            .Replace("[:blank:]", " \\t", StringComparison.Ordinal).Replace("[:space:]", "\\s", StringComparison.Ordinal)
            .Replace("[:digit:]", "0-9", StringComparison.Ordinal).Replace("[:alpha:]", "A-Za-z", StringComparison.Ordinal)
            .Replace("[:alnum:]", "A-Za-z0-9", StringComparison.Ordinal).Replace("\\|", "|", StringComparison.Ordinal);
        try
        {
            return new Regex(translated, RegexOptions.NonBacktracking | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None));
        }
        catch (Exception ex) when (ex is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
