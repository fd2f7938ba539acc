namespace Qgjob.Core.Simulation;

/// <summary>A trace that cannot be read; the message names the line, the column and what belongs there.</summary>
/// <param name="line">The line, counted from 1, on which the row begins.</param>
/// <param name="column">The column's name; null when the row as a whole is wrong.</param>
/// <param name="problem">What stands there and what is expected.</param>
public sealed class TraceFormatException(int line, string? column, string problem)
    : FormatException(column is null ? $"Line {line}: {problem}" : $"Line {line}, column {column}: {problem}")
{
    /// <summary>The line, counted from 1, on which the row begins.</summary>
    public int Line { get; } = line;

    /// <summary>The column's name; null when the row as a whole is wrong.</summary>
    public string? Column { get; } = column;
}
