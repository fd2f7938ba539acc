using Qgjob.Core.Runs;

namespace Qgjob.Cli;

/// <summary>Ends the command with an exit code, a line that says what is wrong, and one that says what to do.</summary>
internal sealed class CliException(ExitCode code, string message, string? hint = null) : Exception(message)
{
    public ExitCode Code { get; } = code;
    public string? Hint { get; } = hint;

    public static CliException Usage(string message, string? hint = null) => new(ExitCode.Usage, message, hint);

    public static CliException Unknown(string what, string id, string hint) => new(ExitCode.General, $"There is no {what} {id} on this server.", hint);
}
