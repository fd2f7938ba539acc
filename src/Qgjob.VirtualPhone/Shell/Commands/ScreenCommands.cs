using System.Globalization;
using Qgjob.Phones.Drawing;
using Qgjob.Phones.UiAutomator;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>input, wm and screencap.</summary>
internal static class ScreenCommands
{
    public static ValueTask<int> InputAsync(ShellCall call, CancellationToken cancel)
    {
        // The source comes first where it is given: "input touchscreen tap 1 2".
        var words = call.Words is ["touchscreen" or "keyboard" or "mouse" or "touchpad", ..] ? call.Words.Skip(1).ToList() : [.. call.Words];
        var screen = call.Phone.Screen;
        switch (words)
        {
            case ["text", var text]:
                screen.Type(text.Replace("%s", " ", StringComparison.Ordinal));
                return ValueTask.FromResult(0);
            case ["tap", var x, var y] when Number(x) is { } px && Number(y) is { } py:
                screen.Tap(px, py);
                return ValueTask.FromResult(0);
            case ["swipe" or "draganddrop", var x1, var y1, var x2, var y2, ..]
                when Number(x1) is { } fromX && Number(y1) is { } fromY && Number(x2) is { } toX && Number(y2) is { } toY:
                Gestures.Drag(screen, fromX, fromY, toX, toY, hold: words.Count > 5 && Number(words[5]) >= 500);
                return ValueTask.FromResult(0);
            case ["keyevent", .. var keys]:
                return keys.All(key => Keys.TryPress(screen, key)) ? ValueTask.FromResult(0) : call.UnknownAsync(cancel);
            default:
                return call.UnknownAsync(cancel);
        }
    }

    public static ValueTask<int> WmAsync(ShellCall call, CancellationToken cancel) => call.Arg(0) switch
    {
        "size" when call.Args.Count == 1 => call.PrintAsync(
            $"Physical size: {call.Phone.Options.ScreenSize.Width}x{call.Phone.Options.ScreenSize.Height}\n", cancel),
        "density" when call.Args.Count == 1 => call.PrintAsync("Physical density: 420\n", cancel),
        "dismiss-keyguard" => ValueTask.FromResult(0),
        _ => call.UnknownAsync(cancel),
    };

    public static async ValueTask<int> ScreencapAsync(ShellCall call, CancellationToken cancel)
    {
        var png = ScreenPainter.Paint(call.Phone.Screen.Capture());
        if (call.Words.LastOrDefault(w => w != "0") is not { } path)
        {
            await call.Io.Output.WriteAsync(png, cancel);
            return 0;
        }

        var target = call.Path(path);
        if (!FileContent.MayWrite(call.Phone, target))
            return await call.FailAsync($"Error opening file: {path} (Permission denied)", cancel);
        FileContent.Write(call.Phone, target, png);
        return 0;
    }

    private static int? Number(string text) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var n) && Math.Abs(n) < 100_000 ? (int)n : null;
}
