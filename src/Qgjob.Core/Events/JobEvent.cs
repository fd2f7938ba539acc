namespace Qgjob.Core.Events;

/// <summary>Something that happened to a run or a job. People and programs follow these.</summary>
/// <param name="Sequence">Rises within the store; readers continue after the last one they saw.</param>
/// <param name="RunId">The run.</param>
/// <param name="JobId">The job; null for events of the whole run.</param>
/// <param name="At">UTC.</param>
/// <param name="Kind">
/// <c>queued</c>, <c>leased</c>, <c>installing</c>, <c>installed</c>, <c>running</c>, <c>note</c>, <c>test_started</c>,
/// <c>test_ended</c>, <c>requeued</c>, <c>finished</c>, <c>run_finished</c>.
/// </param>
/// <param name="Attempt">Number of the attempt, 0 before the first.</param>
/// <param name="DeviceId">The device, if one is concerned.</param>
/// <param name="Status">The job's (or run's) status after the event.</param>
/// <param name="Message">A line for people.</param>
/// <param name="Seconds">A duration, where the kind has one.</param>
public sealed record JobEvent(
    long Sequence,
    string RunId,
    string? JobId,
    DateTimeOffset At,
    string Kind,
    int Attempt = 0,
    string? DeviceId = null,
    string? Status = null,
    string? Message = null,
    double? Seconds = null);
