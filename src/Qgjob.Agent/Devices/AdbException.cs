namespace Qgjob.Agent.Devices;

/// <summary>The adb server refused, or is not there.</summary>
internal sealed class AdbException(string message, Exception? inner = null) : Exception(message, inner);
