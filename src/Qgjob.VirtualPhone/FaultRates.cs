using System.Globalization;

namespace Qgjob.Phones;

/// <summary>How often a virtual phone misbehaves by itself: chances from 0 to 1. docs/virtual-phone.md says what each does.</summary>
public sealed record FaultRates
{
    /// <summary>Per start of an app: the connection drops soon after, for a few seconds.</summary>
    public double Disconnect { get; init; }

    /// <summary>Per start of an app: soon after, nothing on the phone answers for a few seconds.</summary>
    public double Hang { get; init; }

    /// <summary>Per start of an app: the app crashes soon after.</summary>
    public double AppCrash { get; init; }

    /// <summary>Per start of an app: the UiAutomator2 server crashes soon after.</summary>
    public double InstrumentationCrash { get; init; }

    /// <summary>Per start of an app: soon after, the phone is as after a factory reset.</summary>
    public double Wipe { get; init; }

    /// <summary>Per installation of an app: it fails.</summary>
    public double InstallFailure { get; init; }

    /// <summary>Per installation of an app: it takes five seconds more.</summary>
    public double SlowInstall { get; init; }

    /// <summary>The names that <see cref="Parse"/> knows.</summary>
    public const string Names = "disconnect, hang, app-crash, instrumentation-crash, wipe, install-failure, slow-install";

    /// <summary>Reads "disconnect=0.02,install-failure=0.05".</summary>
    /// <exception cref="FormatException">The text is something else; the message says where.</exception>
    public static FaultRates Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var rates = new FaultRates();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (name, value) = part.Split('=', 2) is [var left, var right] ? (left.Trim(), right.Trim()) : (part, "");
            if (!double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var chance) || chance > 1)
                throw new FormatException($"'{part}' must be a fault and its chance, from 0 to 1, as in disconnect=0.02.");
            rates = name switch
            {
                "disconnect" => rates with { Disconnect = chance },
                "hang" => rates with { Hang = chance },
                "app-crash" => rates with { AppCrash = chance },
                "instrumentation-crash" => rates with { InstrumentationCrash = chance },
                "wipe" => rates with { Wipe = chance },
                "install-failure" => rates with { InstallFailure = chance },
                "slow-install" => rates with { SlowInstall = chance },
                _ => throw new FormatException($"There is no fault '{name}'. Choose from {Names}."),
            };
        }

        return rates;
    }
}
