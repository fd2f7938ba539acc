namespace Qgjob.Agent;

/// <summary>Where the agent's lines for people go. Called from several threads.</summary>
public interface IAgentConsole
{
    /// <summary>A line of what happens.</summary>
    void Say(string line);

    /// <summary>A line that somebody should act on.</summary>
    void Warn(string line);
}
