using System.Globalization;
using Qgjob.Client.Wire;

namespace Qgjob.Cli.Submission;

/// <summary>Priorities as people write them: four words, or a number.</summary>
internal static class PriorityText
{
    public static int Parse(string option, string text) =>
        PriorityConverter.ByName.TryGetValue(text.ToLowerInvariant(), out var named) ? named
        : !int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? throw CliException.Usage($"{option}: '{text}' is not known.", "Choose low, normal, high, urgent or a number from -10 to 10.")
        : number is >= -10 and <= 10 ? number
        : throw CliException.Usage($"{option}: {number} is not from -10 to 10.");

    public static string? Show(int? priority) =>
        priority is not { } number ? null
        : PriorityConverter.ByName.FirstOrDefault(p => p.Value == number).Key ?? number.ToString(CultureInfo.InvariantCulture);
}
