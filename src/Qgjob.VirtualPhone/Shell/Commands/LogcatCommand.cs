using System.Globalization;
using Qgjob.Phones.Device;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>logcat: -d, -c, -t and -T with a count, -v, -s, and filters such as "ActivityManager:I *:S".</summary>
internal static class LogcatCommand
{
    private const string Levels = "VDIWEFS";

    public static async ValueTask<int> RunAsync(ShellCall call, CancellationToken cancel)
    {
        var log = call.Phone.Log;
        if (call.Has("-c"))
        {
            log.Clear();
            return 0;
        }

        if (call.Has("-g"))
            return await call.PrintAsync("main: ring buffer is 256 KiB (1 KiB consumed)\n", cancel);
        var options = Options.From(call);
        await call.PrintAsync("--------- beginning of main\n", cancel);
        if (call.Has("-d") || call.After("-t") is not null)
        {
            await PrintAsync(call, options, log.Snapshot(), cancel);
            return 0;
        }

        var (soFar, coming) = log.Follow();
        try
        {
            await PrintAsync(call, options, soFar, cancel);
            await foreach (var line in coming.Reader.ReadAllAsync(cancel))
                await PrintAsync(call, options, [line], cancel);
            return 0;
        }
        finally
        {
            log.Unfollow(coming);
        }
    }

    private static async Task PrintAsync(ShellCall call, Options options, IReadOnlyList<LogLine> lines, CancellationToken cancel)
    {
        var wanted = lines.Where(options.Wants);
        if (options.Newest is { } newest)
            wanted = wanted.TakeLast(newest);
        await call.PrintAsync(string.Concat(wanted.Select(options.Format)), cancel);
    }

    private sealed record Options(string View, int? Newest, IReadOnlyDictionary<string, char> Filters)
    {
        public static Options From(ShellCall call)
        {
            var filters = new Dictionary<string, char>();
            var values = new[] { call.After("-v"), call.After("-t"), call.After("-T"), call.After("-b") };
            foreach (var word in call.Words.Where(w => !values.Contains(w)))
            {
                var parts = word.Split(':');
                var level = parts.Length > 1 && parts[1].Length == 1 ? char.ToUpperInvariant(parts[1][0]) : 'V';
                filters[parts[0]] = parts is ["*"] ? 'V' : level;
            }

            if (call.Has("-s"))
                filters.TryAdd("*", 'S');
            return new Options(call.After("-v") ?? "threadtime",
                int.TryParse(call.After("-t") ?? call.After("-T"), CultureInfo.InvariantCulture, out var newest) ? newest : null, filters);
        }

        public bool Wants(LogLine line)
        {
            var least = Filters.TryGetValue(line.Tag, out var own) ? own : Filters.GetValueOrDefault("*", 'V');
            return Levels.IndexOf(line.Level) >= Levels.IndexOf(least) && least != 'S';
        }

        public string Format(LogLine line)
        {
            var time = line.Time.ToString("MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
            return View switch
            {
                "raw" => $"{line.Message}\n",
                "brief" => $"{line.Level}/{line.Tag}({line.Pid,5}): {line.Message}\n",
                "tag" => $"{line.Level}/{line.Tag}: {line.Message}\n",
                "time" => $"{time} {line.Level}/{line.Tag}({line.Pid,5}): {line.Message}\n",
                _ => $"{time} {line.Pid,5} {line.Pid,5} {line.Level} {line.Tag}: {line.Message}\n",
            };
        }
    }
}
