using System.Text;

namespace Qgjob.Cli.Completion;

/// <summary>For fish 3: sourced, or kept as <c>~/.config/fish/completions/qgjob.fish</c>.</summary>
internal static class FishScript
{
    public static string Write(IReadOnlyList<CompletionCommand> commands)
    {
        var script = new StringBuilder();
        void Line(string text) => script.Append(text).Append('\n');
        Line("# qgjob completion for fish: qgjob completion fish | source");
        Line("function __qgjob_at");
        Line("    set -l at ''");
        Line("    for word in (commandline -opc)[2..-1]");
        Line("        switch (string trim -- \"$at $word\")");
        Line($"            case {string.Join(' ', commands.Where(c => c.Path.Length > 0).Select(c => Quote(c.Path)))}");
        Line("                set at (string trim -- \"$at $word\")");
        Line("        end");
        Line("    end");
        Line("    test \"$at\" = \"$argv[1]\"");
        Line("end");
        Line("complete -c qgjob -f");
        foreach (var command in commands)
        {
            var here = $"complete -c qgjob -n {Quote($"__qgjob_at \"{command.Path}\"")}";
            foreach (var (name, description) in command.Commands) Line($"{here} -a {name} -d {Quote(description)}");
            if (command.Argument is ValueKind.Word) Line($"{here} -a {Quote(string.Join(' ', command.Words))}");
            if (command.Argument is ValueKind.File) Line($"{here} -F");
            foreach (var option in command.Options)
            {
                var names = string.Join(' ', option.Names.Select(n => n.StartsWith("--", StringComparison.Ordinal) ? $"-l {n[2..]}" : $"-s {n[1..]}"));
                Line($"{here} {names}{Value(option)} -d {Quote(option.Description)}");
            }
        }
        return script.ToString();
    }

    private static string Value(CompletionOption option) => option.Value switch
    {
        ValueKind.None => "",
        ValueKind.Word => $" -x -a {Quote(string.Join(' ', option.Words))}",
        ValueKind.File => " -r -F",
        ValueKind.Folder => " -x -a '(__fish_complete_directories)'",
        _ => " -x",
    };

    private static string Quote(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
