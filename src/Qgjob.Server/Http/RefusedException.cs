using Qgjob.Client.Wire;

namespace Qgjob.Server.Http;

/// <summary>The request is not done, and the client is told why. Thrown by whatever notices; written as a problem document in one place.</summary>
internal sealed class RefusedException(int status, string title, string detail, string? field = null, string? type = null) : Exception(detail)
{
    public string? Type { get; } = type;
    public int Status { get; } = status;
    public string Title { get; } = title;
    public string? Field { get; } = field;

    public static RefusedException Invalid(string field, string problem) =>
        new(StatusCodes.Status400BadRequest, "Invalid request", $"{field}: {problem}", field);

    /// <summary>Programs tell it from others of its status by the type.</summary>
    public static RefusedException NoDevice(string detail) =>
        new(StatusCodes.Status422UnprocessableEntity, "No device", detail, "device", Problem.NoDevice);

    public static RefusedException NotFound(string what, string id) =>
        new(StatusCodes.Status404NotFound, "Not found", $"There is no {what} '{(id.Length > 200 ? id[..200] + "…" : id)}'.");

    public static RefusedException Conflict(string detail) => new(StatusCodes.Status409Conflict, "Conflict", detail);

    public static RefusedException Gone(string detail) => new(StatusCodes.Status410Gone, "Gone", detail);

    public static RefusedException TooLarge(long limit, string setting) => TooLarge($"The body is larger than {limit} bytes ({setting}).");

    public static RefusedException TooLarge(string detail) => new(StatusCodes.Status413PayloadTooLarge, "Too large", detail);
}
