namespace Qgjob.Core.Storage;

/// <summary>Who of several servers does something that only one may do at a time.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Holder">The server.</param>
/// <param name="Until">Until when, unless it takes the term again before; UTC.</param>
public sealed record Term(string Name, string Holder, DateTimeOffset Until);
