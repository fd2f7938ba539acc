namespace Qgjob.Core.Results;

/// <summary>What was said of a test's quarantine when a result of it was accepted; whoever changes the list later changes no verdict.</summary>
/// <param name="Id">The entry, <c>q-…</c>.</param>
/// <param name="Reason">Why the test is in quarantine.</param>
/// <param name="By">Who put it there.</param>
/// <param name="Until">It counts no longer from then on.</param>
/// <param name="Ended">It had run out already, so the failure counts: said only of tests that failed.</param>
public sealed record QuarantineMark(string Id, string Reason, string By, DateTimeOffset Until, bool Ended = false);
