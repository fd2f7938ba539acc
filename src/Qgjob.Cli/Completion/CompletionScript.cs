namespace Qgjob.Cli.Completion;

/// <summary>The script that a shell sources. It asks nothing of qgjob when Tab is pressed, so it is as quick as the shell.</summary>
internal static class CompletionScript
{
    /// <summary>Null for a shell that is not known.</summary>
    public static string? For(string shell, IReadOnlyList<CompletionCommand> commands) => shell switch
    {
        "bash" => BashScript.Write(commands),
        "zsh" => ZshScript.Write(commands),
        "fish" => FishScript.Write(commands),
        _ => null,
    };

    /// <summary>Commands and their options by the way their value is completed: the cases of the shells' scripts.</summary>
    public static IEnumerable<(string Key, CompletionOption Option)> Options(IReadOnlyList<CompletionCommand> commands) =>
        from command in commands
        from option in command.Options
        where option.Value is not ValueKind.None
        from name in option.Names
        select ($"{command.Path} {name}", option);
}
