using Xunit;

namespace Qgjob.EndToEnd.Tests;

/// <summary>One lab with two phones for all tests that ask no more: they use phones one after the other, as a team would.</summary>
public sealed class TwoPhones : IAsyncLifetime
{
    public const string Name = "two phones";

    // Null only when its start failed.
    internal Lab Lab { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Lab = await Lab.StartAsync(phones: 2);

    public ValueTask DisposeAsync() => Lab?.DisposeAsync() ?? default;

    /// <summary>Until it is disposed of, all tests run on the first phone: what one leaves there, the next one finds.</summary>
    internal async Task<IAsyncDisposable> OnlyOneAsync()
    {
        await Lab.Client.OrderDeviceAsync("lab/phone-2", "pause", "a test needs all jobs on one phone", CancellationToken.None);
        return new Paused(Lab);
    }

    private sealed class Paused(Lab lab) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await lab.Client.OrderDeviceAsync("lab/phone-2", "resume", null, CancellationToken.None);
    }

    [CollectionDefinition(Name)]
    public sealed class Shared : ICollectionFixture<TwoPhones>;
}
