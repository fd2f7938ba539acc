namespace Qgjob.Client.Http;

/// <summary>The servers of one qgjob, any of which serves any call. Calls go to one of them until it cannot be reached.</summary>
public sealed class ServerList
{
    private readonly Uri[] all;
    private int current;

    /// <param name="servers">Their addresses, at least one; the first is tried first.</param>
    public ServerList(IReadOnlyList<Uri> servers)
    {
        ArgumentOutOfRangeException.ThrowIfZero(servers.Count, nameof(servers));
        all = [.. servers];
    }

    /// <summary>All addresses, in the given order.</summary>
    public IReadOnlyList<Uri> All => all;

    /// <summary>The one that calls go to now.</summary>
    public Uri Current => all[Volatile.Read(ref current)];

    /// <summary>Called when calls go to another one from now on.</summary>
    public event Action? Moved;

    /// <summary>A call to this one failed: the next one's turn, unless another call has noticed before.</summary>
    public void Failed(Uri server)
    {
        if (all.Length == 1) return;
        var at = Volatile.Read(ref current);
        if (all[at] == server && Interlocked.CompareExchange(ref current, (at + 1) % all.Length, at) == at) Moved?.Invoke();
    }

    /// <summary>Reads addresses joined by commas; null when one of them is none.</summary>
    public static IReadOnlyList<Uri>? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var servers = new List<Uri>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Uri.TryCreate(part, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")) return null;
            if (!servers.Contains(uri)) servers.Add(uri);
        }
        return servers.Count == 0 ? null : servers;
    }

    /// <summary>The addresses for people.</summary>
    public override string ToString() => string.Join(", ", all.Select(a => a.ToString()));
}
