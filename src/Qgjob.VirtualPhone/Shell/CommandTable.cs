using System.Collections.Frozen;
using Qgjob.Phones.Shell.Commands;

namespace Qgjob.Phones.Shell;

/// <summary>Every command of the phone's shell.</summary>
internal static class CommandTable
{
    private static readonly FrozenDictionary<string, ShellCommand> All = new (string, ShellCommand)[]
    {
        (":", BasicCommands.True), ("true", BasicCommands.True), ("false", BasicCommands.False), ("echo", BasicCommands.EchoAsync),
        ("printf", BasicCommands.PrintfAsync), ("exit", BasicCommands.Exit), ("export", BasicCommands.Export), ("set", BasicCommands.True),
        ("cd", BasicCommands.CdAsync), ("pwd", BasicCommands.PwdAsync), ("id", BasicCommands.IdAsync), ("whoami", BasicCommands.WhoamiAsync),
        ("date", BasicCommands.DateAsync), ("uname", BasicCommands.UnameAsync), ("sleep", BasicCommands.SleepAsync),
        ("uptime", BasicCommands.UptimeAsync), ("which", BasicCommands.WhichAsync), ("env", BasicCommands.EnvAsync),
        ("getprop", PropertyCommands.GetAsync), ("setprop", PropertyCommands.Set), ("settings", PropertyCommands.SettingsAsync),
        ("grep", TextCommands.GrepAsync), ("head", TextCommands.HeadAsync), ("tail", TextCommands.TailAsync), ("wc", TextCommands.WcAsync),
        ("ls", FileCommands.LsAsync), ("mkdir", FileCommands.MkdirAsync), ("rm", FileCommands.RmAsync), ("touch", FileCommands.TouchAsync),
        ("cat", FileCommands.CatAsync), ("chmod", FileCommands.ChmodAsync), ("cp", FileCommands.CpAsync), ("mv", FileCommands.MvAsync),
        ("stat", FileCommands.StatAsync), ("df", FileCommands.DfAsync), ("sha256sum", FileCommands.Sha256Async),
        ("test", TestCommand.RunAsync), ("[", TestCommand.RunAsync),
        ("ps", ProcessCommands.PsAsync), ("pgrep", ProcessCommands.PgrepAsync), ("pidof", ProcessCommands.PidofAsync),
        ("kill", ProcessCommands.KillAsync),
        ("pm", PackageCommands.RunAsync), ("am", ActivityCommands.RunAsync), ("cmd", ServiceCommands.CmdAsync),
        ("dumpsys", DumpsysCommand.RunAsync), ("appops", ServiceCommands.AppopsAsync), ("ime", ServiceCommands.ImeAsync),
        ("svc", ServiceCommands.SvcAsync), ("locksettings", ServiceCommands.LocksettingsAsync), ("monkey", ActivityCommands.MonkeyAsync),
        ("input", ScreenCommands.InputAsync), ("wm", ScreenCommands.WmAsync), ("screencap", ScreenCommands.ScreencapAsync),
        ("screenrecord", ScreenrecordCommand.RunAsync),
        ("logcat", LogcatCommand.RunAsync), (FaultCommand.Name, FaultCommand.RunAsync),
    }.ToFrozenDictionary(c => c.Item1, c => c.Item2);

    public static ShellCommand? Find(string name) => All.GetValueOrDefault(name);
}
