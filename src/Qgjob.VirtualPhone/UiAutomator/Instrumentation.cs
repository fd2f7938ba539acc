using Qgjob.Phones.Device;

namespace Qgjob.Phones.UiAutomator;

/// <summary>One run of the UiAutomator2 server.</summary>
internal sealed class Instrumentation : IDisposable
{
    private readonly CancellationTokenSource ended = new();
    private readonly PhoneDevice phone;
    private readonly TaskCompletionSource end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Instrumentation(PhoneDevice phone)
    {
        this.phone = phone;
        Api = new AutomatorApi(phone);
        Ended = ended.Token;
    }

    public AutomatorApi Api { get; }

    public CancellationToken Ended { get; }

    public Task WhileHangingAsync(CancellationToken cancel) => phone.Faults.WhileHangingAsync(cancel);

    public void End()
    {
        if (end.TrySetResult())
            ended.Cancel();
    }

    public Task WhenEndedAsync(CancellationToken cancel) => end.Task.WaitAsync(cancel);

    public void Dispose() => ended.Dispose();
}
