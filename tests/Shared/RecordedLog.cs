using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Tyer.Tests.Shared;

/// <summary>What was logged with one event id, for a test to wait for.</summary>
internal sealed class RecordedLog(int eventId) : ILoggerFactory, ILogger
{
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    /// <summary>How many lines nobody has read.</summary>
    internal int Unread => _lines.Reader.Count;

    /// <summary>The next line.</summary>
    internal Task<string> NextAsync() =>
        _lines.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (id.Id == eventId)
            _lines.Writer.TryWrite($"{logLevel}: {formatter(state, exception)}");
    }

    public void Dispose()
    {
    }
}
