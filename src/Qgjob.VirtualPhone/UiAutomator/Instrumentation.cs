using Qgjob.Phones.Device;

namespace Qgjob.Phones.UiAutomator;

/// <summary>One run of the UiAutomator2 server.</summary>
internal sealed class Instrumentation : IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly PhoneDevice _phone;
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Instrumentation(PhoneDevice phone)
    {
        _phone = phone;
        Api = new AutomatorApi(phone);
        Ended = _ended.Token;
    }

    public AutomatorApi Api { get; }

    public CancellationToken Ended { get; }

    public Task WhileHangingAsync(CancellationToken cancel) => _phone.Faults.WhileHangingAsync(cancel);

    public void End()
    {
        if (_end.TrySetResult())
            _ended.Cancel();
    }

    public Task WhenEndedAsync(CancellationToken cancel) => _end.Task.WaitAsync(cancel);

    public void Dispose() => _ended.Dispose();
}
