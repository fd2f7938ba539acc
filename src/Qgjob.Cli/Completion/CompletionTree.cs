using System.CommandLine;
using Qgjob.Core;
using Qgjob.Core.Jobs;
using Qgjob.Core.Notifications;
using Qgjob.Core.Simulation;

namespace Qgjob.Cli.Completion;

/// <summary>What may follow an option, or stand as an argument.</summary>
internal enum ValueKind
{
    /// <summary>Nothing: it is a switch.</summary>
    None,
    /// <summary>Something that no shell can guess.</summary>
    Any,
    File,
    Folder,
    /// <summary>One of a few words.</summary>
    Word,
}

/// <summary>An option under all its names.</summary>
internal sealed record CompletionOption(IReadOnlyList<string> Names, string Description, ValueKind Value, IReadOnlyList<string> Words);

/// <summary>A command by its path, such as <c>apps upload</c>; the root's is empty.</summary>
internal sealed record CompletionCommand(
    string Path, string Description, IReadOnlyList<(string Name, string Description)> Commands, IReadOnlyList<CompletionOption> Options, ValueKind Argument, IReadOnlyList<string> Words);

/// <summary>All commands with their options, as a shell needs them.</summary>
internal static class CompletionTree
{
    private static readonly Dictionary<string, IReadOnlyList<string>> WordsOf = new()
    {
        ["--target"] = [.. Words.All<Target>()],
        ["--platform"] = [.. Words.All<Platform>()],
        ["--reset"] = [.. Words.All<ResetMode>()],
        ["--status"] = [.. Words.All<JobStatus>()],
        ["--priority"] = ["low", "normal", "high", "urgent"],
        ["--policy"] = [.. Words.All<PolicyKind>()],
        ["--generate"] = [.. Loads.Names],
        ["--fairness"] = ["on", "off"],
        ["--format"] = [.. Words.All<HookFormat>()],
        ["--notify-format"] = [.. Words.All<HookFormat>()],
        ["--event"] = [.. HookEvents.All],
        ["shell"] = ["bash", "zsh", "fish"],
    };

    public static IReadOnlyList<CompletionCommand> Of(RootCommand root) => [.. Walk(root, "", [])];

    private static IEnumerable<CompletionCommand> Walk(Command command, string path, IReadOnlyList<Option> inherited)
    {
        var shared = inherited.Concat(command.Options.Where(o => o.Recursive)).Distinct().ToList();
        var options = command.Options.Concat(inherited).Distinct().Where(o => !o.Hidden).Select(Describe).OrderBy(o => o.Names[0], StringComparer.Ordinal).ToList();
        var commands = command.Subcommands.Where(c => !c.Hidden).ToList();
        var argument = command.Arguments.FirstOrDefault(a => !a.Hidden);
        yield return new CompletionCommand(
            path, Line(command.Description), [.. commands.Select(c => (c.Name, Line(c.Description)))], options,
            argument is null ? ValueKind.None : KindOf(argument.Name, argument.Name), argument is null ? [] : WordsOf.GetValueOrDefault(argument.Name) ?? []);
        foreach (var child in commands)
            foreach (var below in Walk(child, path.Length == 0 ? child.Name : $"{path} {child.Name}", shared))
                yield return below;
    }

    private static CompletionOption Describe(Option option)
    {
        // Help also answers to /h and /?, which no shell here would ask for.
        var names = option.Aliases.Prepend(option.Name).Where(n => n.StartsWith('-') && n != "-?").ToList();
        var isSwitch = option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool);
        return new CompletionOption(names, Line(option.Description), isSwitch ? ValueKind.None : KindOf(option.Name, option.HelpName), WordsOf.GetValueOrDefault(option.Name) ?? []);
    }

    private static ValueKind KindOf(string name, string? value) =>
        WordsOf.ContainsKey(name) ? ValueKind.Word
        : string.Equals(value, "FILE", StringComparison.OrdinalIgnoreCase) ? ValueKind.File
        : string.Equals(value, "DIR", StringComparison.OrdinalIgnoreCase) ? ValueKind.Folder
        : ValueKind.Any;

    private static string Line(string? text) => (text ?? "").ReplaceLineEndings(" ");
}
