using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>Two agents with one phone each, both warm, for all tests of what dies and what never ends: installing packages takes longest.</summary>
public sealed class ReliabilityFleet : IAsyncLifetime
{
    public const string Name = "reliability";

    // Null only when its start failed.
    internal Fleet Fleet { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Fleet = await Fleet.StartAsync();
        await Task.WhenAll(Fleet.StartAgentAsync("one"), Fleet.StartAgentAsync("two"));
        await Fleet.WarmAsync("one");
        await Fleet.WarmAsync("two");
    }

    public ValueTask DisposeAsync() => Fleet?.DisposeAsync() ?? default;

    [CollectionDefinition(Name)]
    public sealed class Shared : ICollectionFixture<ReliabilityFleet>;
}
