using System.Text.Json.Nodes;

namespace Qgjob.BrowserStack;

/// <summary>The phones behind the stand-in's hub.</summary>
public interface IStandInPhones : IAsyncDisposable
{
    /// <summary>Starts a session on a phone that nobody uses; null when there is none.</summary>
    Task<IStandInPhone?> OpenAsync(JsonObject capabilities, string appFile, CancellationToken cancel);
}

/// <summary>A phone with a session.</summary>
public interface IStandInPhone
{
    JsonNode? Capabilities { get; }

    /// <param name="path">What follows the session's id.</param>
    Task<(int Status, byte[] Body)> SendAsync(string method, string path, byte[] body, CancellationToken cancel);

    /// <returns>What it leaves.</returns>
    Task<StandInLeavings> CloseAsync();
}

public sealed record StandInLeavings(byte[] Video, string DeviceLog, string AppiumLog);
