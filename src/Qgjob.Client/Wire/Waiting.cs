namespace Qgjob.Client.Wire;

/// <summary>Why a job waits.</summary>
/// <param name="Kind">A word for programs: <c>no_device</c>, <c>busy</c> and so on; docs/server.md lists them. New ones may come.</param>
/// <param name="Reason">A sentence for people.</param>
public sealed record WaitingView(string Kind, string Reason);
