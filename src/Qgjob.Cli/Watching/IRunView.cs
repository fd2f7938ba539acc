using Qgjob.Core.Events;

namespace Qgjob.Cli.Watching;

/// <summary>Shows a run to people while it goes on: redrawn on a terminal, line by line elsewhere.</summary>
internal interface IRunView : IDisposable
{
    /// <summary>How often to call <see cref="Tick"/>; null for never.</summary>
    TimeSpan? TickEvery { get; }

    /// <summary>The watch begins.</summary>
    void Start(RunModel model);

    /// <summary>The model has taken the event in.</summary>
    void Happened(RunModel model, JobEvent happened);

    /// <summary>Time went by.</summary>
    void Tick(RunModel model);

    /// <summary>The server has been silent for so long.</summary>
    void Away(TimeSpan silence);

    /// <summary>The server is there again.</summary>
    void Back();
}
