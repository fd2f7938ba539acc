using System.ComponentModel;
using Qgjob.Core.Apps;
using Qgjob.Core.Jobs;

namespace Qgjob.Agent.AppWright;

/// <summary>What goes wrong around tests, as the end of an attempt.</summary>
internal static class AttemptFrame
{
    /// <param name="lost">Cancelled when the device is gone, and what is said then; null where that cannot be.</param>
    /// <param name="cancel">Cancelled when the attempt is to stop.</param>
    public static async Task<(AttemptOutcome, string?)> GuardAsync(
        Func<CancellationToken, Task<(AttemptOutcome, string?)>> run, (CancellationToken Token, string Reason)? lost, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, lost?.Token ?? CancellationToken.None);
        try
        {
            return await run(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lost?.Token.IsCancellationRequested is true)
        {
            return (AttemptOutcome.Infra, lost?.Reason);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return (AttemptOutcome.Canceled, "Canceled.");
        }
        catch (ProjectErrorException e)
        {
            return (AttemptOutcome.ProjectError, e.Message);
        }
        catch (InvalidApkException e)
        {
            return (AttemptOutcome.ProjectError, $"The build is no APK: {e.Message}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException or TimeoutException or Win32Exception)
        {
            return (AttemptOutcome.Infra, e.Message);
        }
    }
}
