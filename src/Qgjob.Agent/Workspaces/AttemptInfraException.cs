namespace Qgjob.Agent.Workspaces;

/// <summary>An attempt cannot go on, and another try may: not the project's fault.</summary>
internal sealed class AttemptInfraException(string message) : Exception(message);
