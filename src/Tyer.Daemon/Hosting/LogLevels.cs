using Microsoft.Extensions.Logging;

namespace Tyer.Daemon.Hosting;

/// <summary>The least severe messages that are logged, at this moment.</summary>
internal sealed class LogLevels(LogLevel first)
{
    private volatile int _current = (int)first;

    public LogLevel Current
    {
        get => (LogLevel)_current;
        set => _current = (int)value;
    }

    /// <summary>Whether a message is severe enough.</summary>
    public bool Passes(LogLevel level) => level >= Current && level != LogLevel.None;
}
