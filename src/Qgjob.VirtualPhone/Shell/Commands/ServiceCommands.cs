namespace Qgjob.Phones.Shell.Commands;

/// <summary>"cmd …" and the small services whose settings this phone keeps but nothing on it looks at.</summary>
internal static class ServiceCommands
{
    public static ValueTask<int> CmdAsync(ShellCall call, CancellationToken cancel)
    {
        var rest = call.Skip(Math.Min(1, call.Args.Count));
        return call.Arg(0) switch
        {
            "package" => PackageCommands.RunAsync(rest, cancel),
            "activity" => ActivityCommands.RunAsync(rest, cancel),
            "settings" => PropertyCommands.SettingsAsync(rest, cancel),
            "appops" => AppopsAsync(rest, cancel),
            "notification" when rest.Arg(0) is "allow_listener" or "disallow_listener" => ValueTask.FromResult(0),
            "deviceidle" when rest.Arg(0) == "whitelist" => DumpsysCommand.WhitelistAsync(rest, cancel),
            "connectivity" when rest.Arg(0) == "airplane-mode" => call.PrintAsync("disabled\n", cancel),
            "uimode" when rest.Arg(0) == "night" => call.PrintAsync("Night mode: no\n", cancel),
            "statusbar" when rest.Arg(0) is "collapse" or "expand-notifications" => ValueTask.FromResult(0),
            "-l" => call.PrintAsync("Currently running services:\n  activity\n  appops\n  package\n  settings\n", cancel),
            _ => call.UnknownAsync(cancel),
        };
    }

    public static ValueTask<int> AppopsAsync(ShellCall call, CancellationToken cancel)
    {
        if (call.Arg(0) is not ("set" or "get" or "reset"))
            return call.UnknownAsync(cancel);
        if (call.Arg(0) == "reset")
            return ValueTask.FromResult(0);
        var id = call.Words.ElementAtOrDefault(1) ?? "";
        if (call.Phone.Packages.Find(id) is null)
            return call.FailAsync($"Error: No UID for {id} in user 0", cancel, 255);
        var key = $"appops/{id}/{call.Words.ElementAtOrDefault(2)}";
        lock (call.Phone.Gate)
        {
            if (call.Arg(0) == "get")
            {
                return call.PrintAsync(call.Phone.Settings.TryGetValue(key, out var mode)
                    ? $"{key[(key.LastIndexOf('/') + 1)..]}: {mode}\n" : "No operations.\n", cancel);
            }

            call.Phone.Settings[key] = call.Words.ElementAtOrDefault(3) ?? "default";
            call.Phone.Save();
        }

        return ValueTask.FromResult(0);
    }

    public static ValueTask<int> ImeAsync(ShellCall call, CancellationToken cancel)
    {
        var id = call.Words.ElementAtOrDefault(1) ?? "";
        switch (call.Arg(0))
        {
            case "list":
                return call.PrintAsync("", cancel);
            case "set":
                lock (call.Phone.Gate)
                {
                    call.Phone.Settings["secure/default_input_method"] = id;
                    call.Phone.Save();
                }

                return call.PrintAsync($"Input method {id} selected for user #0\n", cancel);
            case "enable" or "disable":
                return call.PrintAsync($"Input method {id}: now {call.Arg(0)}d for user #0\n", cancel);
            case "reset":
                return call.PrintAsync("Input method reset\n", cancel);
            default:
                return call.UnknownAsync(cancel);
        }
    }

    public static ValueTask<int> SvcAsync(ShellCall call, CancellationToken cancel) =>
        call.Arg(0) is "wifi" or "data" or "power" or "bluetooth" or "nfc" or "usb" ? ValueTask.FromResult(0) : call.UnknownAsync(cancel);

    public static ValueTask<int> LocksettingsAsync(ShellCall call, CancellationToken cancel) => call.Arg(0) switch
    {
        "help" => call.PrintAsync("lockSettings service commands:\n  get-disabled\n  verify\n", cancel),
        "get-disabled" => call.PrintAsync("true\n", cancel),
        "verify" => call.PrintAsync("Lock credential verified successfully\n", cancel),
        _ => call.UnknownAsync(cancel),
    };
}
