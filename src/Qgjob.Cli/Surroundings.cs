using System.Text;
using Qgjob.Agent.Updates;
using Qgjob.Core;

namespace Qgjob.Cli;

/// <summary>All that a command takes from the world around it; tests give their own.</summary>
internal sealed class Surroundings
{
    /// <summary>What was asked for, and nothing else.</summary>
    public required TextWriter Out { get; init; }
    /// <summary>Progress, hints and errors.</summary>
    public required TextWriter Err { get; init; }
    /// <summary>Bytes to standard output, for logs.</summary>
    public required Func<Stream> OpenOut { get; init; }
    /// <summary>Bytes of standard input.</summary>
    public Func<Stream> OpenIn { get; init; } = Console.OpenStandardInput;
    /// <summary>A person watches <see cref="Err"/>, so it may be redrawn.</summary>
    public bool Redraw { get; init; }
    /// <summary>Columns and rows of the terminal.</summary>
    public Func<(int Width, int Height)> Size { get; init; } = () => (80, 24);
    /// <summary>Columns of the terminal that shows <see cref="Out"/>; null when that goes elsewhere.</summary>
    public Func<int?> OutWidth { get; init; } = () => null;
    public required string CurrentFolder { get; init; }
    /// <summary>Where <c>qgjob/config.json</c> of the person is.</summary>
    public required string ConfigFolder { get; init; }
    public required Func<string, string?> Environment { get; init; }
    public required TimeProvider Time { get; init; }
    public required IIdSource Ids { get; init; }
    /// <summary>What this process runs, if it can become another one.</summary>
    public AgentProgram? Program { get; init; }

    public static Surroundings OfProcess()
    {
        var home = System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile);
        var noColour = !string.IsNullOrEmpty(System.Environment.GetEnvironmentVariable("NO_COLOR"));
        var dumb = System.Environment.GetEnvironmentVariable("TERM") == "dumb";
        return new Surroundings
        {
            Out = Utf8(Console.OpenStandardOutput()),
            Err = Utf8(Console.OpenStandardError()),
            OpenOut = Console.OpenStandardOutput,
            Redraw = !Console.IsErrorRedirected && !noColour && !dumb,
            Size = () => (Math.Max(20, Console.WindowWidth), Math.Max(5, Console.WindowHeight)),
            // A terminal that does not know its size says 0.
            OutWidth = () => Console.IsOutputRedirected || Console.WindowWidth is not (> 0 and var width) ? null : Math.Max(20, width),
            CurrentFolder = System.Environment.CurrentDirectory,
            ConfigFolder = System.Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } set ? set : Path.Combine(home, ".config"),
            Environment = System.Environment.GetEnvironmentVariable,
            Time = TimeProvider.System,
            Ids = new TimeOrderedIds(TimeProvider.System),
            Program = AgentProgram.OfProcess(),
        };
    }

    private static StreamWriter Utf8(Stream stream) => new(stream, new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
}
