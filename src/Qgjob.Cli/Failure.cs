using System.Net;
using Qgjob.Client.Http;
using Qgjob.Client.Projects;
using Qgjob.Client.Wire;
using Qgjob.Core.Runs;

namespace Qgjob.Cli;

/// <summary>What an error tells the person and the script.</summary>
internal sealed record Failure(ExitCode Code, string Message, string? Hint)
{
    /// <summary>Null for errors that nobody expected: those keep their stack trace.</summary>
    public static Failure? Of(Exception error) => error switch
    {
        CliException e => new Failure(e.Code, e.Message, e.Hint),
        ApiException e => OfAnswer(e),
        ServerUnreachableException e => OfSilence(e),
        ActionsTokenException e => new Failure(ExitCode.Auth, e.Message, "Give the workflow's job 'permissions: id-token: write', or set QGJOB_TOKEN."),
        BundleException e => new Failure(ExitCode.Usage, e.Message, null),
        IOException or UnauthorizedAccessException => new Failure(ExitCode.General, error.Message, "Look at the path, its rights and the space on its disk."),
        HttpRequestException => new Failure(ExitCode.General, $"The connection to the server broke: {error.Message}", "Try again."),
        _ => null,
    };

    private static Failure OfAnswer(ApiException e) => e.Status switch
    {
        HttpStatusCode.Unauthorized => new Failure(ExitCode.Auth, e.Message, e.Message.StartsWith("The OIDC token", StringComparison.Ordinal)
            ? "What the server takes is in its --oidc file."
            : "Give a token with --token or QGJOB_TOKEN."),
        HttpStatusCode.Forbidden => new Failure(ExitCode.Auth, e.Message, "Use a token that may do this."),
        HttpStatusCode.BadRequest when e.Problem.Field is "needs" => new Failure(
            ExitCode.Usage, e.Message, "'qgjob resources list' shows what is defined; 'qgjob resources set NAME --unit VALUE' defines one."),
        HttpStatusCode.UnprocessableEntity when e.Problem.Type is Problem.NoDevice => new Failure(
            ExitCode.NoDevice, e.Message, "'qgjob devices list' shows what there is; without --strict the tests wait for a device that fits."),
        HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => new Failure(
            ExitCode.Usage, e.Problem.Field is { } field && !e.Message.Contains(field, StringComparison.Ordinal) ? $"{field}: {e.Message}" : e.Message, null),
        HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented when e.Problem.Title == $"HTTP {(int)e.Status}" => new Failure(
            // A qgjob server explains every refusal; this came without an explanation.
            ExitCode.General, $"What answers there is not a qgjob server: {e.Message}", "Set --url or QGJOB_URL to the server's address."),
        _ => new Failure(ExitCode.General, e.Message, (int)e.Status >= 500 ? "The server's log says more." : "'qgjob doctor' looks whether server and program fit together."),
    };

    private static Failure OfSilence(ServerUnreachableException e) => e.InnerException is InvalidDataException foreign
        ? new(ExitCode.General, $"What answers at {e.Server} is not a qgjob server: {foreign.Message}", "Set --url or QGJOB_URL to the server's address.")
        : new(
        ExitCode.General, $"No answer from {e.Tried}: {e.InnerException!.Message}", "Is it running? Set --url or QGJOB_URL to its address.");
}
