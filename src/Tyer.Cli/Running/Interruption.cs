namespace Tyer.Cli.Running;

/// <summary>Lets a command that has started things of its own end them when it is asked to end, by whichever signal.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly SignalForwarding _signals;
    private int _signal;

    /// <summary>Begins to listen for signals.</summary>
    /// <param name="cancellationToken">What else may end the command.</param>
    public Interruption(CancellationToken cancellationToken)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _signals = new SignalForwarding(withTerminal: false, signal =>
        {
            if (signal is Signals.User1 or Signals.User2) return;
            Interlocked.CompareExchange(ref _signal, signal, 0);
            _source.Cancel();
        });
    }

    /// <summary>The signal that asked for the end; 0: none did.</summary>
    public int Signal => Volatile.Read(ref _signal);

    /// <summary>Cancelled by the first signal that asks for the end.</summary>
    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _signals.Dispose();
        _source.Dispose();
    }
}
