using System.Text;

namespace Qgjob.Cli.Completion;

/// <summary>For bash 3.2 and later, with or without the package bash-completion.</summary>
internal static class BashScript
{
    public static string Write(IReadOnlyList<CompletionCommand> commands)
    {
        var script = new StringBuilder();
        void Line(string text) => script.Append(text).Append('\n');
        Line("# qgjob completion for bash: source <(qgjob completion bash)");
        Line("_qgjob() {");
        Line("  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at= i IFS=$'\\n'");
        Line("  COMPREPLY=()");
        Line("  # bash takes --test=x apart at the equals sign.");
        Line("  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi");
        Line("  for ((i = 1; i < COMP_CWORD; i++)); do");
        Line("    case \"${at:+$at }${COMP_WORDS[i]}\" in");
        Line($"      {Cases(commands.Where(c => c.Path.Length > 0).Select(c => c.Path))}) at=\"${{at:+$at }}${{COMP_WORDS[i]}}\" ;;");
        Line("    esac");
        Line("  done");
        Line("  case \"$at $prev\" in");
        foreach (var group in CompletionScript.Options(commands).GroupBy(o => (o.Option.Value, Words: string.Join(' ', o.Option.Words))))
            Line($"    {Cases(group.Select(o => o.Key))}) {Value(group.Key.Value, group.First().Option.Words)}; return ;;");
        Line("  esac");
        Line("  if [[ $cur == -* ]]; then");
        Line("    case \"$at\" in");
        foreach (var command in commands)
            Line($"      {Quote(command.Path)}) {Value(ValueKind.Word, [.. command.Options.SelectMany(o => o.Names)])} ;;");
        Line("    esac");
        Line("    return");
        Line("  fi");
        Line("  case \"$at\" in");
        foreach (var command in commands)
        {
            if (command.Commands.Count > 0) Line($"    {Quote(command.Path)}) {Value(ValueKind.Word, [.. command.Commands.Select(c => c.Name)])} ;;");
            else if (command.Argument is ValueKind.File or ValueKind.Folder or ValueKind.Word) Line($"    {Quote(command.Path)}) {Value(command.Argument, command.Words)} ;;");
        }
        Line("  esac");
        Line("}");
        Line("complete -F _qgjob qgjob");
        return script.ToString();
    }

    private static string Value(ValueKind kind, IReadOnlyList<string> words) => kind switch
    {
        ValueKind.Word => $"COMPREPLY=($(compgen -W $'{string.Join("\\n", words)}' -- \"$cur\"))",
        ValueKind.File => "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\"))",
        ValueKind.Folder => "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\"))",
        _ => ":",
    };

    internal static string Cases(IEnumerable<string> patterns) => string.Join('|', patterns.Select(Quote));

    internal static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
