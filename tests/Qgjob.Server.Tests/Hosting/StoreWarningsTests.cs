using Microsoft.Extensions.Logging;
using Qgjob.Server.Hosting;
using Xunit;

namespace Qgjob.Server.Tests.Hosting;

public sealed class StoreWarningsTests
{
    [Fact]
    public void What_came_before_there_was_a_log_is_in_it_too_and_once()
    {
        var (warnings, log) = (new StoreWarnings(), new Lines());
        warnings.Add("no append-only file");
        warnings.LogTo(log);
        warnings.Add("lost 3 commits");
        Assert.Equal(["Warning: no append-only file", "Warning: lost 3 commits"], log.Said);
    }

    private sealed class Lines : ILogger
    {
        public List<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Said.Add($"{logLevel}: {formatter(state, exception)}");
    }
}
