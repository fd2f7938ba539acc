using System.Globalization;

namespace Qgjob.Phones.Shell.Commands;

/// <summary>Processes.</summary>
internal static class ProcessCommands
{
    public static ValueTask<int> PsAsync(ShellCall call, CancellationToken cancel)
    {
        if (call.Has("--help"))
            return call.PrintAsync("usage: ps [-AadefLlnwZ] [-gG GROUP,] [-o FIELD,] [-p PID,]\n-A\tAll processes\n", cancel);
        var fields = call.After("-o")?.Split(',');
        List<(int Pid, string Name)> all;
        lock (call.Phone.Gate)
            all = [.. call.Phone.Processes.All];
        if (call.After("-p") is { } pids)
            all.RemoveAll(p => !pids.Split(',').Contains(p.Pid.ToString(CultureInfo.InvariantCulture)));
        var rows = fields is null
            ? all.Select(p => $"u0_a100      {p.Pid,5}   300 1000000  10000 0                   0 S {p.Name}\n")
                .Prepend("USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME\n")
            : all.Select(p => string.Join(' ', fields.Select(f => f.ToUpperInvariant() is "PID" ? $"{p.Pid,5}" : p.Name)) + "\n")
                .Prepend(string.Join(' ', fields.Select(f => f.ToUpperInvariant())) + "\n");
        return call.PrintAsync(string.Concat(rows), cancel);
    }

    public static async ValueTask<int> PgrepAsync(ShellCall call, CancellationToken cancel)
    {
        if (call.Has("--help"))
        {
            return await call.PrintAsync("usage: pgrep [-aclfnovx] [-d DELIM] [-L SIGNAL] [PATTERN] [-G GID,]\n\n"
                + "Search for process(es). PATTERN is an extended regular expression checked\nagainst command names.\n\n"
                + "-f\tCheck full command line for PATTERN\n-l\tShow command name\n-x\tMatch whole command\n", cancel);
        }

        if (call.Words.Count == 0 || PosixRegex.TryCompile(call.Words[^1], false, false) is not { } regex)
            return await call.FailAsync("pgrep: bad pattern", cancel, 2);
        var exact = call.Has("-x");
        List<(int Pid, string Name)> hits;
        lock (call.Phone.Gate)
            hits = [.. call.Phone.Processes.All.Where(p => exact ? regex.Match(p.Name) is { Success: true } m && m.Length == p.Name.Length : regex.IsMatch(p.Name))];
        await call.PrintAsync(string.Concat(hits.Select(p => call.Has("-l") ? $"{p.Pid} {p.Name}\n" : $"{p.Pid}\n")), cancel);
        return hits.Count > 0 ? 0 : 1;
    }

    public static async ValueTask<int> PidofAsync(ShellCall call, CancellationToken cancel)
    {
        if (call.Has("--help"))
            return await call.PrintAsync("usage: pidof [-s] [-o omitpid[,omitpid...]] [NAME]...\n", cancel);
        List<int> pids;
        lock (call.Phone.Gate)
            pids = [.. call.Words.SelectMany(call.Phone.Processes.Named)];
        if (pids.Count == 0)
            return 1;
        return await call.PrintAsync(string.Join(' ', pids) + "\n", cancel);
    }

    public static async ValueTask<int> KillAsync(ShellCall call, CancellationToken cancel)
    {
        var code = 0;
        foreach (var word in call.Words)
        {
            string? name = null;
            lock (call.Phone.Gate)
            {
                if (int.TryParse(word, CultureInfo.InvariantCulture, out var pid))
                    name = call.Phone.Processes.Name(pid);
            }

            if (name is null)
                code = await call.FailAsync($"/system/bin/sh: kill: {word}: No such process", cancel);
            else if (call.Phone.Packages.Find(name) is null)
                code = await call.FailAsync($"/system/bin/sh: kill: {word}: Operation not permitted", cancel);
            else if (!call.Has("-0"))
                call.Phone.ForceStop(name);
        }

        return code;
    }
}
