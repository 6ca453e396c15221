using System.Runtime.InteropServices;
using Tyer.Comms;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Simulation;

/// <summary>One end of a simulated connection: the production link, whose bytes travel in virtual time.</summary>
internal sealed class SimLink : Link
{
    private const int BufferMin = 4 * 1024;

    private readonly SimWire _wire;

    internal SimLink(SimNode node, SimWire wire)
        : base(wire, hasThread: false, CommsLimits.HandshakeBodyBytesMax, BufferMin)
    {
        _wire = wire;
        Node = node;
    }

    /// <summary>Whose end it is.</summary>
    internal SimNode Node { get; }

    /// <summary>Whether its receiver has been told of its end.</summary>
    internal bool IsCleanedUp { get; private set; }

    public override void Start(IFrameReceiver receiver) => DeliverTo(receiver);

    /// <summary>What one read brings.</summary>
    internal void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !HasEnded && !IsCleanedUp)
        {
            var free = Buffer.Free().Span;
            var count = Math.Min(free.Length, bytes.Length);
            bytes[..count].CopyTo(free);
            bytes = bytes[count..];
            Received(count);
        }
    }

    /// <summary>The other side has closed, and all that it sent before has come.</summary>
    internal void TakeEnd()
    {
        if (!HasEnded && !IsCleanedUp)
            Received(0);
    }

    /// <summary>It was not let in: closed without anybody to read it.</summary>
    internal void TurnAway()
    {
        IsCleanedUp = true;
        _wire.CloseSilently();
    }

    /// <summary>What the reader does last.</summary>
    internal void CleanUp()
    {
        if (IsCleanedUp)
            return;
        IsCleanedUp = true;
        // Nobody sends at this moment: there is one thread.
        _ = DetachAsync();
        Finish();
    }

    protected override void Shutdown() => _wire.Close();

    protected override void Release()
    {
    }
}

/// <summary>One direction of a connection: what is sent travels in pieces, in order, each as long as chance will.</summary>
internal sealed class SimWire(SimNetwork network, uint from, uint to) : IByteSink
{
    private readonly Queue<byte[]?> _inFlight = new();
    private int _scheduled;
    private long _last;
    private bool _isClosed;
    private bool _isBroken;

    internal uint From => from;

    internal uint To => to;

    public bool MayBlock => false;

    /// <summary>The end that takes what comes; set once.</summary>
    internal SimLink Receiver { get; set; } = null!;

    /// <summary>The end that sends; set once.</summary>
    internal SimLink Sender { get; set; } = null!;

    public long Send(ReadOnlySpan<IoVector> vectors, bool waits, out int error)
    {
        error = 0;
        var length = 0;
        foreach (var vector in vectors)
            length += (int)vector.Length;
        // Who sends into a connection that is broken without his knowing loses it.
        if (_isBroken || _isClosed)
            return length;
        var bytes = new byte[length];
        var offset = 0;
        foreach (var vector in vectors)
        {
            Marshal.Copy(vector.Address, bytes, offset, (int)vector.Length);
            offset += (int)vector.Length;
        }

        Enqueue(bytes);
        return length;
    }

    public ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => throw new InvalidOperationException("there is always room on a simulated wire");

    /// <summary>The sender has ended the link: what is on its way arrives first, then the end. What comes towards it is lost.</summary>
    internal void Close()
    {
        network.CleanUpSoon(Sender);
        CloseSilently();
    }

    /// <summary>The same, and the sender does not know: its process has died, or somebody in between has closed.</summary>
    internal void CloseSilently()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        if (!_isBroken)
            Enqueue(null);
    }

    /// <summary>Nothing passes any more, and what is on its way is lost.</summary>
    internal void Break()
    {
        _isBroken = true;
        _inFlight.Clear();
    }

    /// <summary>The way is free again.</summary>
    internal void Resume()
    {
        while (_scheduled < _inFlight.Count)
            Schedule();
    }

    private void Enqueue(byte[]? bytes)
    {
        _inFlight.Enqueue(bytes);
        Schedule();
    }

    private void Schedule()
    {
        _last = network.ArrivalOf(from, to, _last);
        _scheduled++;
        network.At(_last, Arrive);
    }

    private void Arrive()
    {
        _scheduled--;
        if (_isBroken || _inFlight.Count == 0 || network.IsCut(from, to))
            return;
        var bytes = _inFlight.Dequeue();
        Receiver.Node.Run(() =>
        {
            if (bytes is null)
                Receiver.TakeEnd();
            else
                Receiver.Take(bytes);
        });
    }
}
