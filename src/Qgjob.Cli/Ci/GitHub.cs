using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Qgjob.Cli.Output;

namespace Qgjob.Cli.Ci;

/// <summary>What a step of GitHub Actions is given to talk back: files for outputs and the summary, and workflow commands in its log.</summary>
/// <remarks>
/// The log holds what tests and branches are called, and a line of it that begins with <c>::</c> would be a command. So the
/// script stops commands with a token of its own before it starts us, and what we mean as commands stands between that token's
/// end and a new stop. Without a token there is no command at all.
/// </remarks>
internal sealed class GitHub
{
    private readonly Surroundings world;

    private readonly Lock gate = new();
    private readonly string? token;
    private readonly string? outputFile;
    private readonly string? summaryFile;

    private GitHub(Surroundings world)
    {
        this.world = world;
        token = NullIfEmpty(world.Environment("QGJOB_CI_STOP_TOKEN"));
        outputFile = NullIfEmpty(world.Environment("GITHUB_OUTPUT"));
        summaryFile = NullIfEmpty(world.Environment("GITHUB_STEP_SUMMARY"));
        Workspace = NullIfEmpty(world.Environment("GITHUB_WORKSPACE"));
    }

    /// <summary>The step that we run in; null unless the script says that it is one (QGJOB_CI=github).</summary>
    public static GitHub? Of(Surroundings world) => world.Environment("QGJOB_CI") == "github" ? new GitHub(world) : null;

    /// <summary>Where the repository is checked out; null outside of Actions.</summary>
    public string? Workspace { get; }

    /// <summary>Sets an output of the step. The value may hold anything: what ends it is random.</summary>
    public void Output(string name, string value)
    {
        if (outputFile is null) return;
        var end = "end_" + Random();
        File.AppendAllText(outputFile, $"{name}<<{end}\n{value}\n{end}\n", Utf8);
    }

    public void Output(string name, int value) => Output(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds Markdown to the page of the workflow's run.</summary>
    public void Summary(string markdown)
    {
        if (summaryFile is not null) File.AppendAllText(summaryFile, markdown, Utf8);
    }

    /// <summary>There is a run.</summary>
    public void Begin(Call call, string runId)
    {
        Output("run-id", runId);
        Output("url", UrlOf(call, runId));
    }

    /// <summary>Where a person sees the run.</summary>
    public static string UrlOf(Call call, string runId) => new Uri(call.Settings.Urls[0], $"api/v1/runs/{runId}/report.html").ToString();

    /// <summary>The command could not do what it was to do.</summary>
    public void Failed(string message, string? hint, int exitCode)
    {
        if (exitCode is (int)Core.Runs.ExitCode.Interrupted)
        {
            Summary($"## ⚪ Canceled\n\n{MarkdownSummary.Text(message)}\n");
            return;
        }
        Summary($"## ❌ {MarkdownSummary.Text(message)}\n{(hint is null ? "" : $"\n{MarkdownSummary.Text(hint)}\n")}");
        Error(null, null, "qgjob", hint is null ? message : $"{message}\n{hint}");
    }

    /// <summary>Prints lines that GitHub takes as text.</summary>
    public void Print(string text)
    {
        lock (gate) world.Err.WriteLine(text);
    }

    /// <summary>Prints a section that is folded in the log.</summary>
    public void Group(string title, IEnumerable<string> lines)
    {
        lock (gate)
        {
            Command("group", "", title);
            foreach (var line in lines) world.Err.WriteLine(line);
            Command("endgroup", "", "");
        }
    }

    /// <summary>Marks a line of a file in the changes of a pull request.</summary>
    public void Error(string? file, int? line, string title, string message) => Mark("error", file, line, title, message);

    /// <summary>The same for what is worth knowing and no error.</summary>
    public void Notice(string? file, int? line, string title, string message) => Mark("notice", file, line, title, message);

    private void Mark(string command, string? file, int? line, string title, string message)
    {
        var properties = new List<string>();
        if (file is not null) properties.Add("file=" + Property(file));
        if (file is not null && line is { } number) properties.Add(string.Create(CultureInfo.InvariantCulture, $"line={number}"));
        properties.Add("title=" + Property(title));
        lock (gate) Command(command, string.Join(',', properties), message);
    }

    private void Command(string name, string properties, string message)
    {
        if (token is null)
        {
            if (message.Length > 0) world.Err.WriteLine(SafeText.Line(message));
            return;
        }
        world.Err.WriteLine($"::{token}::");
        world.Err.WriteLine($"::{name}{(properties.Length > 0 ? " " + properties : "")}::{Data(message)}");
        world.Err.WriteLine($"::stop-commands::{token}");
    }

    /// <summary>As GitHub's own toolkit escapes a command's message.</summary>
    private static string Data(string text) => Text(text).Replace("%", "%25", StringComparison.Ordinal).Replace("\n", "%0A", StringComparison.Ordinal);

    private static string Property(string text) => Data(text).Replace(":", "%3A", StringComparison.Ordinal).Replace(",", "%2C", StringComparison.Ordinal);

    private static string Text(string text) => string.Join('\n', SafeText.Lines(text));

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
}
