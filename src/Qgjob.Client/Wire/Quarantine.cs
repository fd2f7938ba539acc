using Qgjob.Core.Results;

namespace Qgjob.Client.Wire;

/// <summary><c>POST /api/v1/orgs/{org}/quarantine</c>: a test, or several by a pattern, whose failures turn nothing red for a while.</summary>
public sealed record QuarantineOrder
{
    /// <summary>The file in which the test stands, relative to the project; <c>*</c> stands for any characters.</summary>
    public string? File { get; init; }
    /// <summary>The title path joined by <c> › </c>, as results show it; <c>*</c> stands for any characters.</summary>
    public string? Title { get; init; }
    /// <summary>Why.</summary>
    public string? Reason { get; init; }
    /// <summary>It counts no longer from then on, a year from now at most; null: 14 days from now.</summary>
    public DateTimeOffset? Until { get; init; }
    /// <summary>What the caller calls itself, shown with what the server knows of it; null: nothing.</summary>
    public string? By { get; init; }
}

/// <summary>A test, or several by a pattern, in quarantine.</summary>
public sealed record QuarantineView
{
    /// <summary>Names the entry, <c>q-…</c>.</summary>
    public required string QuarantineId { get; init; }
    /// <summary>The file in which the test stands; <c>*</c> stands for any characters.</summary>
    public required string File { get; init; }
    /// <summary>The title path joined by <c> › </c>; <c>*</c> stands for any characters.</summary>
    public required string Title { get; init; }
    /// <summary>Why.</summary>
    public required string Reason { get; init; }
    /// <summary>Who put it there.</summary>
    public required string By { get; init; }
    /// <summary>From when.</summary>
    public required DateTimeOffset Since { get; init; }
    /// <summary>It counts no longer from then on.</summary>
    public required DateTimeOffset Until { get; init; }
    /// <summary>It has run out: failures count again. Such an entry is shown for 30 days.</summary>
    public required bool Ended { get; init; }
    /// <summary>What became of its tests since, in the latest 50 attempts at each file; null: there are too many files to look at.</summary>
    public TestRates? Rates { get; init; }
    /// <summary>When one of them failed last since; null: none did.</summary>
    public DateTimeOffset? LastFailedAt { get; init; }
}
