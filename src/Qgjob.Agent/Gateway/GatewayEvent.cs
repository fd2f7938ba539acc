namespace Qgjob.Agent.Gateway;

/// <summary>What the gateway did, for the attempt's log and figures.</summary>
internal abstract record GatewayEvent;

/// <param name="Reused">The Appium session served another test before.</param>
internal sealed record SessionOpened(bool Reused, TimeSpan Duration) : GatewayEvent;

internal sealed record SessionClosed : GatewayEvent;

/// <summary>The app was installed again before a test (reset mode reinstall).</summary>
internal sealed record Reinstalled(TimeSpan Duration) : GatewayEvent;

/// <summary>Not the test's fault: the phone, the driver on it, adb or Appium failed.</summary>
internal sealed record InfraFailed(string Reason) : GatewayEvent;

/// <summary>A command came: the tests are alive, whatever they print.</summary>
internal sealed record CommandSeen : GatewayEvent;
