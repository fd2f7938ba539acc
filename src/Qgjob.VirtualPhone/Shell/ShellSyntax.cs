namespace Qgjob.Phones.Shell;

/// <summary>A parsed piece of a shell line.</summary>
internal abstract record ShellNode
{
    public sealed record Simple(
        IReadOnlyList<(string Name, ShellWord Value)> Assignments, IReadOnlyList<ShellWord> Words, IReadOnlyList<Redirect> Redirects) : ShellNode;

    public sealed record Group(ShellNode Body, IReadOnlyList<Redirect> Redirects) : ShellNode;

    public sealed record Sequence(IReadOnlyList<ShellNode> Parts) : ShellNode;

    public sealed record And(ShellNode Left, ShellNode Right) : ShellNode;

    public sealed record Or(ShellNode Left, ShellNode Right) : ShellNode;

    public sealed record Not(ShellNode Inner) : ShellNode;

    public sealed record Pipe(ShellNode Left, ShellNode Right) : ShellNode;
}

/// <summary>A word before its variables are filled in.</summary>
internal sealed record ShellWord(IReadOnlyList<ShellWord.Part> Parts)
{
    /// <param name="Kind">What the part is.</param>
    /// <param name="Text">The text, or the variable's name.</param>
    /// <param name="Quoted">Inside quotes nothing is split or matched against file names.</param>
    /// <param name="Command">The line of a $(…).</param>
    public sealed record Part(PartKind Kind, string Text, bool Quoted, ShellNode? Command = null);

    public enum PartKind
    {
        Text,
        Variable,
        Command,
    }
}

/// <summary>A redirection: which output (1 or 2; 0 for input) goes where.</summary>
internal sealed record Redirect(int From, RedirectKind Kind, ShellWord Target);

internal enum RedirectKind
{
    Read,
    Write,
    Append,
    Duplicate,
}

/// <summary>A line that the shell cannot read.</summary>
internal sealed class ShellSyntaxException(string message) : Exception(message);
