using System.Runtime.InteropServices;
using Qgjob.Cli;

using var interrupted = new CancellationTokenSource();
var signals = 0;
void Interrupt(PosixSignalContext context)
{
    // The second time the person means it: the runtime's own handling ends the process.
    if (Interlocked.Increment(ref signals) > 1) return;
    context.Cancel = true;
    interrupted.Cancel();
}
using var sigint = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using var sigterm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
return await CommandLine.RunAsync(args, Surroundings.OfProcess(), interrupted.Token).ConfigureAwait(false);
