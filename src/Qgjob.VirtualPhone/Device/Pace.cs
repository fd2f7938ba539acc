namespace Qgjob.Phones.Device;

/// <summary>How long things take on this phone. Every wait of the phone goes through here, so this is where it can also misbehave.</summary>
internal sealed class Pace(VirtualPhoneOptions options, TimeProvider time)
{
    // "more" is what a fault adds.
    public Task InstallAsync(TimeSpan more, CancellationToken cancel) => WaitAsync(options.InstallDelay + more, cancel);

    public Task StartAppAsync(CancellationToken cancel) => WaitAsync(options.AppStartDelay, cancel);

    public Task StartInstrumentationAsync(CancellationToken cancel) => WaitAsync(options.InstrumentationDelay, cancel);

    private Task WaitAsync(TimeSpan delay, CancellationToken cancel) =>
        delay > TimeSpan.Zero ? Task.Delay(delay, time, cancel) : Task.CompletedTask;
}
