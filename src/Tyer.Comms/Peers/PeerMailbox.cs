namespace Tyer.Comms.Peers;

/// <summary>
/// Events are handled one at a time, in the order in which they came, by whoever brings one while nobody else is at it.
/// </summary>
internal sealed class PeerMailbox(PeerMailbox.Handler handle)
{
    private readonly Lock _gate = new();
    private readonly Queue<(ConnectionEvent Event, ManualResetEventSlim? Handled)> _mail = new();
    private bool _isHandling;

    /// <summary>What handles an event.</summary>
    public delegate void Handler(in ConnectionEvent e);

    /// <summary>Hands an event over; it is handled before this returns, or by who is handling events now.</summary>
    public void Post(in ConnectionEvent e) => Post(e, handled: null);

    /// <summary>Hands an event over and waits until it is handled: for readers, who must not deliver what follows before.</summary>
    public void PostAndWait(in ConnectionEvent e)
    {
        using var handled = new ManualResetEventSlim();
        Post(e, handled);
        handled.Wait();
    }

    private void Post(in ConnectionEvent e, ManualResetEventSlim? handled)
    {
        lock (_gate)
        {
            _mail.Enqueue((e, handled));
            if (_isHandling) return;
            _isHandling = true;
        }

        while (TryTake(out (ConnectionEvent Event, ManualResetEventSlim? Handled) mail))
        {
            try
            {
                handle(mail.Event);
            }
            catch
            {
                // A broken invariant is its bringer's to carry on; nobody is to wait for what will not be handled.
                lock (_gate) _isHandling = false;
                throw;
            }
            finally
            {
                mail.Handled?.Set();
            }
        }
    }

    private bool TryTake(out (ConnectionEvent Event, ManualResetEventSlim? Handled) mail)
    {
        lock (_gate) return _isHandling = _mail.TryDequeue(out mail);
    }
}
