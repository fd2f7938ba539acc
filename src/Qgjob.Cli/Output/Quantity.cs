namespace Qgjob.Cli.Output;

/// <summary>A number with its noun: <c>1 job</c>, <c>2 jobs</c>.</summary>
internal static class Quantity
{
    public static string Of(int number, string noun) => $"{number} {noun}{(number == 1 ? "" : "s")}";
}
