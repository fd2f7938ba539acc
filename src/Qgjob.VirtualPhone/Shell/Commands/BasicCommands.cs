using System.Globalization;
using System.Text;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>What every shell has.</summary>
internal static class BasicCommands
{
    public static ValueTask<int> True(ShellCall call, CancellationToken cancel) => ValueTask.FromResult(0);

    public static ValueTask<int> False(ShellCall call, CancellationToken cancel) => ValueTask.FromResult(1);

    public static ValueTask<int> EchoAsync(ShellCall call, CancellationToken cancel)
    {
        var end = call.Arg(0) is "-n" or "-ne" or "-en" ? "" : "\n";
        var words = call.Args.SkipWhile(a => a is "-n" or "-e" or "-ne" or "-en");
        return call.PrintAsync(string.Join(' ', words) + end, cancel);
    }

    public static ValueTask<int> PrintfAsync(ShellCall call, CancellationToken cancel)
    {
        var format = call.Arg(0).Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\t", "\t", StringComparison.Ordinal);
        var text = new StringBuilder();
        var next = 1;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
                text.Append(format[i]);
            else if (format[++i] == '%')
                text.Append('%');
            else
                text.Append(call.Arg(next++));
        }

        return call.PrintAsync(text.ToString(), cancel);
    }

    public static ValueTask<int> Exit(ShellCall call, CancellationToken cancel) => ValueTask.FromResult(call.Shell.Exit(
        int.TryParse(call.Arg(0), CultureInfo.InvariantCulture, out var code) ? code & 255 : call.Shell.LastExitCode));

    public static ValueTask<int> Export(ShellCall call, CancellationToken cancel)
    {
        foreach (var word in call.Args)
        {
            var parts = word.Split('=', 2);
            if (parts.Length == 2)
                call.Shell.Variables[parts[0]] = parts[1];
        }

        return ValueTask.FromResult(0);
    }

    public static ValueTask<int> CdAsync(ShellCall call, CancellationToken cancel)
    {
        var path = call.Path(call.Args.Count == 0 ? "/" : call.Arg(0));
        lock (call.Phone.Gate)
        {
            if (call.Phone.Files.Find(path) is { IsFolder: true })
            {
                call.Shell.Folder = path;
                return ValueTask.FromResult(0);
            }
        }

        return call.FailAsync($"/system/bin/sh: cd: {call.Arg(0)}: No such file or directory", cancel, 2);
    }

    public static ValueTask<int> PwdAsync(ShellCall call, CancellationToken cancel) => call.PrintAsync(call.Shell.Folder + "\n", cancel);

    public static ValueTask<int> IdAsync(ShellCall call, CancellationToken cancel) => call.PrintAsync(
        call.Has("-u") ? "2000\n" : "uid=2000(shell) gid=2000(shell) groups=2000(shell),1004(input),1007(log),3003(inet)\n", cancel);

    public static ValueTask<int> WhoamiAsync(ShellCall call, CancellationToken cancel) => call.PrintAsync("shell\n", cancel);

    public static ValueTask<int> DateAsync(ShellCall call, CancellationToken cancel)
    {
        var now = call.Phone.Time.GetUtcNow();
        var format = call.Args.FirstOrDefault(a => a.StartsWith('+'))?[1..] ?? "%a %b %d %T UTC %Y";
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            text.Append(format[i] != '%' || i + 1 == format.Length ? format[i].ToString() : format[++i] switch
            {
                's' => now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
                'T' => now.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
                'F' => now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                'z' => "+0000",
                'Z' => "UTC",
                'N' => now.ToString("fffffff00", CultureInfo.InvariantCulture),
                var c => Pattern(c) is { } pattern ? now.ToString(pattern, CultureInfo.InvariantCulture) : "%" + c,
            });
        }

        return call.PrintAsync(text.Append('\n').ToString(), cancel);
    }

    public static ValueTask<int> UnameAsync(ShellCall call, CancellationToken cancel) => call.PrintAsync(
        call.Has("-a") ? "Linux localhost 5.15.0-qgjob #1 SMP PREEMPT x86_64 Android\n"
        : call.Has("-m") ? "x86_64\n" : call.Has("-r") ? "5.15.0-qgjob\n" : "Linux\n", cancel);

    public static async ValueTask<int> SleepAsync(ShellCall call, CancellationToken cancel)
    {
        if (!double.TryParse(call.Arg(0).TrimEnd('s'), CultureInfo.InvariantCulture, out var seconds) || seconds is < 0 or > 86400)
            return await call.FailAsync($"sleep: bad number '{call.Arg(0)}'", cancel);
        await Task.Delay(TimeSpan.FromSeconds(seconds), call.Phone.Time, cancel);
        return 0;
    }

    public static ValueTask<int> UptimeAsync(ShellCall call, CancellationToken cancel)
    {
        var now = call.Phone.Time.GetUtcNow();
        var up = now - call.Phone.Started;
        return call.PrintAsync(
            $" {now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} up {(int)up.TotalMinutes} min,  0 users,  load average: 0.00, 0.00, 0.00\n", cancel);
    }

    public static async ValueTask<int> WhichAsync(ShellCall call, CancellationToken cancel)
    {
        var code = 0;
        foreach (var name in call.Words)
        {
            if (CommandTable.Find(name) is null)
                code = 1;
            else
                await call.PrintAsync($"/system/bin/{name}\n", cancel);
        }

        return code;
    }

    public static ValueTask<int> EnvAsync(ShellCall call, CancellationToken cancel) =>
        call.PrintAsync(string.Concat(call.Shell.Variables.Select(v => $"{v.Key}={v.Value}\n")), cancel);

    private static string? Pattern(char c) => c switch
    {
        'Y' => "yyyy",
        'm' => "MM",
        'd' => "dd",
        'H' => "HH",
        'M' => "mm",
        'S' => "ss",
        'a' => "ddd",
        'b' => "MMM",
        _ => null,
    };
}
