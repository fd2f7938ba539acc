namespace Qgjob.Agent.Installs;

internal abstract record InstallOutcome;

/// <summary>The build is on the phone.</summary>
/// <param name="Installed">False when it was there already.</param>
/// <param name="Duration">Of the installation; zero when it was there already.</param>
internal sealed record BuildReady(bool Installed, TimeSpan Duration) : InstallOutcome;

/// <param name="Reason">For people; contains Android's own word, as in INSTALL_FAILED_INSUFFICIENT_STORAGE.</param>
internal sealed record InstallFailed(string Reason) : InstallOutcome;
