using System.Globalization;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>test and [.</summary>
internal static class TestCommand
{
    public static ValueTask<int> RunAsync(ShellCall call, CancellationToken cancel)
    {
        var words = call.Args.ToList();
        if (call.Name == "[")
        {
            if (words.Count == 0 || words[^1] != "]")
                return call.FailAsync("/system/bin/sh: [: missing ]", cancel, 2);
            words.RemoveAt(words.Count - 1);
        }

        var invert = words is ["!", ..];
        return Evaluate(call, invert ? words[1..] : words) is { } holds
            ? ValueTask.FromResult(holds != invert ? 0 : 1)
            : call.UnknownAsync(cancel, 2);
    }

    private static bool? Evaluate(ShellCall call, List<string> words) => words switch
    {
        [] => false,
        [var only] => only.Length > 0,
        ["-z", var text] => text.Length == 0,
        ["-n", var text] => text.Length > 0,
        ["-e", var path] => Find(call, path) is not null,
        ["-f", var path] => Find(call, path) is { IsFolder: false },
        ["-d", var path] => Find(call, path) is { IsFolder: true },
        ["-s", var path] => Find(call, path) is { Size: > 0 },
        ["-r" or "-x", var path] => Find(call, path) is not null,
        ["-w", var path] => Find(call, path) is { System: false },
        [var left, "=" or "==", var right] => left == right,
        [var left, "!=", var right] => left != right,
        [var left, var compare, var right] when Number(left) is { } a && Number(right) is { } b => compare switch
        {
            "-eq" => a == b,
            "-ne" => a != b,
            "-lt" => a < b,
            "-le" => a <= b,
            "-gt" => a > b,
            "-ge" => a >= b,
            _ => null,
        },
        _ => null,
    };

    private static PhoneFile? Find(ShellCall call, string path)
    {
        lock (call.Phone.Gate)
            return call.Phone.Files.Find(call.Path(path));
    }

    private static long? Number(string text) => long.TryParse(text, CultureInfo.InvariantCulture, out var n) ? n : null;
}
