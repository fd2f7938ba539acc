using System.Security.Cryptography.X509Certificates;

namespace Qgjob.BrowserStack;

public sealed record StandInOptions
{
    public int Parallels { get; init; } = 2;

    /// <summary>Speaks HTTPS with it; null: HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Gets what is uploaded.</summary>
    public required string Folder { get; init; }
}

/// <summary>A session at the stand-in.</summary>
public sealed class StandInSession(string id, string capabilities, IStandInPhone phone)
{
    public string Id => id;

    /// <summary>As they were asked for.</summary>
    public string Capabilities => capabilities;

    public IStandInPhone Phone => phone;

    /// <summary>Null while it is open.</summary>
    public StandInLeavings? Leavings { get; set; }

    public long? EndedAt { get; set; }

    /// <summary>What the REST API was told of it, in order.</summary>
    public List<string> Marks { get; } = [];
}
