namespace Qgjob.Agent.Emulators;

/// <summary>What an agent's emulators are made of.</summary>
internal sealed record EmulatorSource(EmulatorProgram Program, Avd Avd)
{
    /// <summary>As the options want it; null when they want no emulator.</summary>
    /// <exception cref="AgentStartException">There is no emulator program, or no such AVD; the message says what to do.</exception>
    public static async Task<EmulatorSource?> FindAsync(
        AgentOptions options, Func<string, string?> environment, IAgentConsole console, TimeProvider time, CancellationToken cancel)
    {
        if (options.Emulators == 0) return null;
        var program = EmulatorProgram.Find(environment) ?? throw new AgentStartException($"--emulators: Android's emulator is not installed. {EmulatorProgram.Mend}");
        try
        {
            var avds = await program.AvdsAsync(time, cancel).ConfigureAwait(false);
            var name = options.Avd ?? (avds.Count == 1 ? avds[0] : null);
            if (name is null || !avds.Contains(name))
            {
                throw new AgentStartException(
                    avds.Count == 0 ? "--emulators: there is no AVD. Make one with avdmanager or Android Studio."
                    : name is null ? $"--emulators: say of which AVD with --avd: {string.Join(", ", avds)}."
                    : $"--avd: there is no AVD '{name}'; there are {string.Join(", ", avds)}.");
            }

            if (await program.MissingAccelerationAsync(time, cancel).ConfigureAwait(false) is { } missing) console.Warn($"Emulators will be very slow: {missing}");
            return new EmulatorSource(program, Avd.Read(name, environment));
        }
        catch (EmulatorException e)
        {
            throw new AgentStartException($"--emulators: {e.Message}");
        }
    }
}
