namespace Qgjob.Agent.Processes;

/// <summary>A program to run in its own session.</summary>
/// <param name="Environment">Added to the agent's own environment; null takes a variable away.</param>
internal sealed record ProcessSpec(
    string Program,
    IReadOnlyList<string> Arguments,
    string Folder,
    IReadOnlyDictionary<string, string?> Environment,
    ProcessMark Mark);
