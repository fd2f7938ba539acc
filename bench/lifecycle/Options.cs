using System.Globalization;

namespace Qgjob.Lifecycle;

/// <summary>What was asked for on the command line.</summary>
internal sealed record Options
{
    public IReadOnlyList<string> Stores { get; private init; } = ["memory", "sqlite", "postgres", "redis"];
    public IReadOnlyList<string> Modes { get; private init; } = ["one", "batch", "pickup"];
    /// <summary>Jobs of each run; null: as the mode has it.</summary>
    public int? Jobs { get; private init; }
    public int? Devices { get; private init; }
    public int Clients { get; private init; } = 64;
    public int? Agents { get; private init; }
    /// <summary>Jobs before anything is measured; null: as many as are measured.</summary>
    public int? WarmUp { get; private init; }
    public int JobsPerRun { get; private init; } = 1000;
    public int Runs { get; private init; } = 3;
    public int Seconds { get; private init; } = 40;
    /// <summary>Jobs that wait meanwhile, in so many groups, for devices other than those that work.</summary>
    public int Queued { get; private init; }
    public int Groups { get; private init; } = 5000;
    /// <summary>Emulators that are at work meanwhile and renew their leases.</summary>
    public int Busy { get; private init; }
    /// <summary>Finished jobs that the store has from before.</summary>
    public int Finished { get; private init; }
    /// <summary>Each figure is taken in turns with the same of a store and server without backlog and history, so that whatever else the machine does falls on both.</summary>
    public bool Pair { get; private init; }
    public string Server { get; private init; } = "qgjob-server";
    public string? Folder { get; private init; }

    /// <exception cref="FormatException">An option is unknown or its value cannot be used.</exception>
    public static Options Read(string[] args)
    {
        var options = new Options();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (args[i] == "--pair")
            {
                (options, i) = (options with { Pair = true }, i - 1);
                continue;
            }
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} takes a value");
            options = args[i] switch
            {
                "--store" => options with { Stores = value.Split(',') },
                "--mode" => options with { Modes = value.Split(',') },
                "--jobs" => options with { Jobs = Number(value) },
                "--devices" => options with { Devices = Number(value) },
                "--clients" => options with { Clients = Number(value) },
                "--agents" => options with { Agents = Number(value) },
                "--warm-up" => options with { WarmUp = Number(value) },
                "--jobs-per-run" => options with { JobsPerRun = Number(value) },
                "--runs" => options with { Runs = Number(value) },
                "--seconds" => options with { Seconds = Number(value) },
                "--queued" => options with { Queued = Number(value) },
                "--busy" => options with { Busy = Number(value) },
                "--groups" => options with { Groups = Number(value) },
                "--finished" => options with { Finished = Number(value) },
                "--server" => options with { Server = value },
                "--folder" => options with { Folder = value },
                _ => throw new FormatException($"unknown option {args[i]}"),
            };
        }
        return options;
    }

    /// <summary>The same of a store in which nothing was before.</summary>
    public Options Bare() => this with { Queued = 0, Busy = 0, Finished = 0 };

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : throw new FormatException($"'{text}' is not a number");
}
