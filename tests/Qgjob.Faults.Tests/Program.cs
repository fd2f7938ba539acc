using Qgjob.Faults.Tests.Agents;

if (AgentSettings.IsAgent)
{
    await AgentProcess.RunAsync(AgentSettings.FromEnvironment());
    return 0;
}

return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
