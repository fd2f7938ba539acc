using System.Text;

namespace Qgjob.Cli.Completion;

/// <summary>For zsh: sourced after compinit, or kept as <c>_qgjob</c> in a folder of fpath.</summary>
internal static class ZshScript
{
    public static string Write(IReadOnlyList<CompletionCommand> commands)
    {
        var script = new StringBuilder();
        void Line(string text) => script.Append(text).Append('\n');
        Line("#compdef qgjob");
        Line("# qgjob completion for zsh: source <(qgjob completion zsh)");
        Line("_qgjob() {");
        Line("  local cur=${words[CURRENT]} prev=${words[CURRENT-1]} at= i");
        Line("  local -a found");
        Line("  for ((i = 2; i < CURRENT; i++)); do");
        Line("    case \"${at:+$at }${words[i]}\" in");
        Line($"      {BashScript.Cases(commands.Where(c => c.Path.Length > 0).Select(c => c.Path))}) at=\"${{at:+$at }}${{words[i]}}\" ;;");
        Line("    esac");
        Line("  done");
        Line("  if [[ $cur == --*=* ]]; then prev=${cur%%=*}; compset -P '*='; fi");
        Line("  case \"$at $prev\" in");
        foreach (var group in CompletionScript.Options(commands).GroupBy(o => (o.Option.Value, Words: string.Join(' ', o.Option.Words))))
            Line($"    {BashScript.Cases(group.Select(o => o.Key))}) {Value(group.Key.Value, group.First().Option.Words)}; return ;;");
        Line("  esac");
        Line("  if [[ $cur == -* ]]; then");
        Line("    case \"$at\" in");
        foreach (var command in commands)
            Line($"      {BashScript.Quote(command.Path)}) found=({Described(command.Options.SelectMany(o => o.Names.Select(n => (n, o.Description))))}) ;;");
        Line("    esac");
        Line("    _describe -o option found");
        Line("    return");
        Line("  fi");
        Line("  case \"$at\" in");
        foreach (var command in commands)
        {
            if (command.Commands.Count > 0)
                Line($"    {BashScript.Quote(command.Path)}) found=({Described(command.Commands)}); _describe command found ;;");
            else if (command.Argument is ValueKind.File or ValueKind.Folder or ValueKind.Word) Line($"    {BashScript.Quote(command.Path)}) {Value(command.Argument, command.Words)} ;;");
        }
        Line("  esac");
        Line("}");
        Line("if [[ ${funcstack[1]} == _qgjob ]]; then _qgjob \"$@\"; else compdef _qgjob qgjob; fi");
        return script.ToString();
    }

    private static string Value(ValueKind kind, IReadOnlyList<string> words) => kind switch
    {
        ValueKind.Word => $"compadd -- {string.Join(' ', words)}",
        ValueKind.File => "_files",
        ValueKind.Folder => "_files -/",
        _ => "_message value",
    };

    // A colon ends the name.
    private static string Described(IEnumerable<(string Name, string Description)> entries) =>
        string.Join(' ', entries.Select(e => BashScript.Quote($"{e.Name}:{e.Description.Replace(":", "\\:", StringComparison.Ordinal)}")));
}
