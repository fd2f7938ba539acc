using Qgjob.Lifecycle;

try
{
    var options = Options.Read(args);
    using var stop = new CancellationTokenSource();
    Console.CancelKeyPress += (_, pressed) =>
    {
        pressed.Cancel = true;
        stop.Cancel();
    };
    foreach (var store in options.Stores)
        if (options.Pair) await Bench.RunPairAsync(store, options, stop.Token);
        else
            foreach (var mode in options.Modes)
                await Bench.RunAsync(store, mode, options, stop.Token);
    return 0;
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
