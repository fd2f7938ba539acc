using Qgjob.Agent.Emulators;

namespace Qgjob.Agent.Checks;

/// <summary>Whether 'qgjob agent --emulators' could work here.</summary>
internal static class EmulatorChecks
{
    private const string Area = "emulators";
    private const string Kvm = "/dev/kvm";

    public static async Task<IReadOnlyList<Finding>> RunAsync(Func<string, string?> environment, TimeProvider time, CancellationToken cancel)
    {
        if (EmulatorProgram.Find(environment) is not { } program)
            return [Finding.Ok(Area, "emulator", $"Android's emulator is not installed; only --emulators needs it. {EmulatorProgram.Mend}")];
        var findings = new List<Finding> { Finding.Ok(Area, "emulator", $"Android's emulator is {program.Path}") };
        try
        {
            var avds = await program.AvdsAsync(time, cancel).ConfigureAwait(false);
            findings.Add(avds.Count > 0
                ? Finding.Ok(Area, "avds", $"AVDs: {string.Join(", ", avds.Select(a => Avd.Read(a, environment)).Select(a => a.Release.Length > 0 ? $"{a.Name} (Android {a.Release})" : a.Name))}")
                : Finding.Warning(Area, "avds", "There is no AVD.", "Make one with avdmanager or Android Studio."));
            findings.Add(await AccelerationAsync(program, time, cancel).ConfigureAwait(false));
        }
        catch (EmulatorException e)
        {
            findings.Add(Finding.Problem(Area, "avds", e.Message, "Install the emulator anew with sdkmanager, with what it needs from the system."));
        }
        return findings;
    }

    private static async Task<Finding> AccelerationAsync(EmulatorProgram program, TimeProvider time, CancellationToken cancel)
    {
        if (await program.MissingAccelerationAsync(time, cancel).ConfigureAwait(false) is not { } missing) return Finding.Ok(Area, "acceleration", "the processor's virtualization can be used");
        return Finding.Warning(Area, "acceleration", $"Emulators will be very slow: {missing}", OperatingSystem.IsLinux()
            ? File.Exists(Kvm) ? $"Let this user open {Kvm}: sudo usermod -aG kvm $USER, and log in again." : $"There is no {Kvm}: switch virtualization on in the firmware; in a virtual machine, nested virtualization."
            : "Switch on the system's hypervisor.");
    }
}
