using Qgjob.Agent.AppWright;
using Qgjob.Core.Devices;

namespace Qgjob.Agent.BrowserStack;

/// <summary>A slot of BrowserStack's, and what a job wants of it.</summary>
/// <param name="Needs">The job's conditions on the device; null for none.</param>
/// <param name="Labels">How its sessions are called there.</param>
internal sealed record CloudPlace(DeviceOffer Slot, DeviceSelector? Needs, CloudLabels Labels) : RunPlace;

/// <param name="Org">Names the project there.</param>
/// <param name="Run">Names the build there, beside the app version.</param>
internal sealed record CloudLabels(string Org, string AppVersion, string Run, string Job, int Attempt);
