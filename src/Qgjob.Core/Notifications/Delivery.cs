namespace Qgjob.Core.Notifications;

/// <summary>Where a delivery stands.</summary>
public enum DeliveryState
{
    /// <summary>To be sent, for the first time or again.</summary>
    Pending,
    /// <summary>The receiver took it.</summary>
    Delivered,
    /// <summary>Given up.</summary>
    Failed,
    /// <summary>Never sent to its end: too many others waited, or the hook was disabled.</summary>
    Dropped,
}

/// <summary>One message to one hook. Sent at least once; its id stays the same, so that a receiver can tell.</summary>
public sealed record Delivery
{
    /// <summary>Id, <c>d-…</c>; rises with time.</summary>
    public required string Id { get; init; }
    /// <summary>The org.</summary>
    public required string OrgId { get; init; }
    /// <summary>The hook's name.</summary>
    public required string Hook { get; init; }
    /// <summary>What it tells of.</summary>
    public required string Event { get; init; }
    /// <summary>The run that it tells of; null: none.</summary>
    public string? RunId { get; init; }
    /// <summary>The body, written once: every try sends the same bytes.</summary>
    public required string Body { get; init; }
    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>Where it stands.</summary>
    public DeliveryState State { get; init; }
    /// <summary>While pending: not before.</summary>
    public DateTimeOffset NextAt { get; init; }
    /// <summary>Tries since it was made, or ordered again.</summary>
    public int Tries { get; init; }
    /// <summary>The latest tries, oldest first.</summary>
    public IReadOnlyList<DeliveryTry> Log { get; init; } = [];
    /// <summary>Why it was dropped or given up.</summary>
    public string? Note { get; init; }

    /// <summary>Tries that <see cref="Log"/> keeps.</summary>
    public const int MostLogged = 10;
}

/// <summary>One try at a delivery.</summary>
/// <param name="At">When it began.</param>
/// <param name="Milliseconds">Until the answer, or until it failed.</param>
/// <param name="Status">The answer's status; null: there was none.</param>
/// <param name="Answer">The answer's first characters.</param>
/// <param name="Error">Why there was no answer, or what is wrong with it.</param>
public sealed record DeliveryTry(DateTimeOffset At, int Milliseconds, int? Status, string? Answer = null, string? Error = null);

/// <summary>When a delivery that failed is tried again. Pure.</summary>
public static class DeliveryBackoff
{
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1), TimeSpan.FromHours(4),
    ];

    /// <summary>The longest pause that a receiver may ask for.</summary>
    public static readonly TimeSpan LongestAsked = TimeSpan.FromHours(1);

    /// <summary>Tries in all before a delivery is given up.</summary>
    public static int MostTries => Pauses.Length + 1;

    /// <summary>The pause after so many tries; null: it is given up.</summary>
    /// <param name="tries">Tries so far, 1 or more.</param>
    /// <param name="asked">What the receiver asked for (Retry-After); null: nothing.</param>
    public static TimeSpan? After(int tries, TimeSpan? asked = null)
    {
        if (tries > Pauses.Length) return null;
        var pause = Pauses[Math.Max(tries, 1) - 1];
        var wanted = asked > LongestAsked ? LongestAsked : asked ?? TimeSpan.Zero;
        return wanted > pause ? wanted : pause;
    }
}
