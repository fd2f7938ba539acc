using Qgjob.Agent.Devices;
using Qgjob.Core.Devices;

namespace Qgjob.Agent.Phones;

/// <summary>A phone that the agent can drive, from the moment it came until it left.</summary>
/// <param name="Id">The device id.</param>
/// <param name="Gone">Cancelled when it has left.</param>
internal sealed record Phone(string Id, AdbDevice Adb, bool IsEmulator, DeviceOffer Offer, CancellationToken Gone);

/// <summary>A phone as it shall be called; null parts are asked of the phone itself.</summary>
/// <param name="Id">The device id.</param>
/// <param name="Model">For people.</param>
internal sealed record PhoneNaming(string? Id, string? Model, bool Virtual);
