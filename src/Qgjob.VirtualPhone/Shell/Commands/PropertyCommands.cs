namespace Qgjob.Phones.Shell.Commands;

/// <summary>getprop, setprop and settings.</summary>
internal static class PropertyCommands
{
    public static ValueTask<int> GetAsync(ShellCall call, CancellationToken cancel)
    {
        string text;
        lock (call.Phone.Gate)
        {
            text = call.Words.Count == 0
                ? string.Concat(call.Phone.Properties.Select(p => $"[{p.Key}]: [{p.Value}]\n"))
                : call.Phone.Properties.GetValueOrDefault(call.Words[0], call.Words.Count > 1 ? call.Words[1] : "") + "\n";
        }

        return call.PrintAsync(text, cancel);
    }

    public static ValueTask<int> Set(ShellCall call, CancellationToken cancel)
    {
        if (call.Args.Count < 2)
            return call.FailAsync("usage: setprop NAME VALUE", cancel);
        if (call.Arg(0).StartsWith("ro.", StringComparison.Ordinal))
            return call.FailAsync($"setprop: failed to set property '{call.Arg(0)}' to '{call.Arg(1)}'", cancel);
        lock (call.Phone.Gate)
            call.Phone.Properties[call.Arg(0)] = call.Arg(1);
        return ValueTask.FromResult(0);
    }

    public static ValueTask<int> SettingsAsync(ShellCall call, CancellationToken cancel)
    {
        var words = call.Words;
        if (call.After("--user") is { } user)
            words = [.. words.Where(w => w != user)];
        if (words.Count < 2 || words[1] is not ("global" or "secure" or "system"))
            return call.FailAsync("usage: settings get|put|delete|list global|secure|system [NAME] [VALUE]", cancel, 255);
        var settings = call.Phone.Settings;
        var prefix = words[1] + "/";
        var key = prefix + words.ElementAtOrDefault(2);
        string text;
        lock (call.Phone.Gate)
        {
            switch (words[0])
            {
                case "get" when words.Count == 3:
                    text = settings.GetValueOrDefault(key, "null") + "\n";
                    break;
                case "put" when words.Count >= 3:
                    settings[key] = words.ElementAtOrDefault(3) ?? "";
                    call.Phone.Save();
                    return ValueTask.FromResult(0);
                case "delete" when words.Count == 3:
                    var had = settings.Remove(key);
                    if (had)
                        call.Phone.Save();
                    text = $"Deleted {(had ? 1 : 0)} rows\n";
                    break;
                case "list":
                    text = string.Concat(settings.Where(s => s.Key.StartsWith(prefix, StringComparison.Ordinal))
                        .Order().Select(s => $"{s.Key[prefix.Length..]}={s.Value}\n"));
                    break;
                default:
                    return call.UnknownAsync(cancel);
            }
        }

        return call.PrintAsync(text, cancel);
    }
}
