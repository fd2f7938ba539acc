using Qgjob.Core.Storage;

namespace Qgjob.Core.Orgs;

/// <summary>A named resource that tests take one unit of while they run: test accounts, back ends, licences.</summary>
public sealed record Resource
{
    /// <summary>The org that owns it.</summary>
    public required string OrgId { get; init; }
    /// <summary>Its name, for instance <c>account:checkout</c>.</summary>
    public required string Name { get; init; }
    /// <summary>Its units, each of which one attempt at a time can hold.</summary>
    public IReadOnlyList<ResourceUnit> Units { get; init; } = [];
    /// <summary>The store's revision at its last change.</summary>
    public long Revision { get; init; }

    /// <summary>Units that nobody holds.</summary>
    public int Free => Units.Count(u => u.Holder is null);
}

/// <summary>One unit of a <see cref="Resource"/>.</summary>
/// <param name="Value">What the test gets: an account's name, an address.</param>
/// <param name="Holder">The lease that holds it; null when it is free.</param>
/// <param name="Leaving">It is not defined any more and goes when its holder lets go; until then nobody else may get it.</param>
public sealed record ResourceUnit(string Value, LeaseRef? Holder = null, bool Leaving = false);
