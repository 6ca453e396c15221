using System.Runtime.InteropServices;
using Tyer.Comms.Links;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Tests.Chaos;

/// <summary>One end of a connection: the production link, whose bytes travel in virtual time.</summary>
internal sealed class ChaosLink(ChaosNode node, ChaosWire wire)
    : Link(wire, hasThread: false, CommsLimits.HandshakeBodyBytesMax, bufferMin: 4096)
{
    public ChaosNode Node => node;

    public bool IsCleanedUp { get; private set; }

    /// <summary>What the system says about its queue may be anything at any time: it decides only which path carries.</summary>
    public override long QueuedBytes => node.World.QueuedBytes();

    public override void Start(IFrameReceiver receiver) => DeliverTo(receiver);

    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !HasEnded)
        {
            Span<byte> free = Buffer.Free().Span;
            int count = Math.Min(free.Length, bytes.Length);
            bytes[..count].CopyTo(free);
            bytes = bytes[count..];
            Received(count);
        }
    }

    public void TakeEnd()
    {
        if (!HasEnded) Received(0);
    }

    /// <summary>What the reader does last.</summary>
    public void CleanUp()
    {
        if (IsCleanedUp) return;
        IsCleanedUp = true;

        // Nobody sends at this moment: there is one thread.
        _ = DetachAsync();
        Finish();
    }

    protected override void Shutdown() => wire.Close();

    protected override void Release()
    {
    }
}

/// <summary>One direction of a connection: what is sent arrives in pieces of any length, in order, after a while, or never.</summary>
internal sealed class ChaosWire(ChaosWorld world, ChaosNode from, uint to, int path, ChaosTamperer? tamperer) : IByteSink
{
    private readonly List<byte> _inFlight = [];
    private TimeSpan _last;
    private bool _isClosed;
    private bool _isEndSent;
    private bool _isBroken;
    private bool _isScheduled;

    public bool MayBlock => false;

    public ChaosNode From => from;

    public uint To => to;

    public int Path => path;

    /// <summary>The end that takes what comes.</summary>
    public ChaosLink Receiver { get; set; } = null!;

    /// <summary>The end that sends.</summary>
    public ChaosLink Sender { get; set; } = null!;

    public long Send(ReadOnlySpan<IoVector> vectors, bool waits, out int error)
    {
        error = 0;
        List<byte> bytes = [];
        foreach (IoVector vector in vectors)
        {
            byte[] part = new byte[(int)vector.Length];
            Marshal.Copy(vector.Address, part, 0, part.Length);
            bytes.AddRange(part);
        }

        // A kernel takes as much as it likes.
        int taken = bytes.Count > 1 && world.Dice.OneIn(8) ? world.Dice.Between(1, bytes.Count) : bytes.Count;
        bytes.RemoveRange(taken, bytes.Count - taken);
        if (!_isBroken && !_isClosed)
        {
            if (tamperer is null) _inFlight.AddRange(bytes);
            else tamperer.Pass(bytes, _inFlight);
            Schedule();
        }

        return taken;
    }

    public ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes) => throw new InvalidOperationException("there is always room on a simulated wire");

    /// <summary>The sender has ended the link: what is on its way arrives first, then the end.</summary>
    public void Close()
    {
        ChaosLink ended = Sender;
        world.In(TimeSpan.FromTicks(1), () => from.Run(ended.CleanUp));
        CloseSilently();
    }

    /// <summary>The same, and the sender does not know: its process has died, or somebody in between has closed.</summary>
    public void CloseSilently()
    {
        _isClosed = true;
        Schedule();
    }

    /// <summary>Nothing passes any more, and what is on its way is lost.</summary>
    public void Break()
    {
        _isBroken = true;
        _inFlight.Clear();
    }

    /// <summary>Some byte on its way is another now.</summary>
    public void Corrupt()
    {
        if (_inFlight.Count > 0) _inFlight[world.Dice.Below(_inFlight.Count)] ^= (byte)world.Dice.Between(1, 255);
    }

    /// <summary>The way is free again.</summary>
    public void Resume() => Schedule();

    private void Schedule()
    {
        if (_isScheduled || _isBroken || _isEndSent || (_inFlight.Count == 0 && !_isClosed)) return;
        _isScheduled = true;
        TimeSpan arrival = world.Now + world.Latency();
        if (arrival < _last) arrival = _last;
        _last = arrival;
        world.At(arrival, Arrive);
    }

    private void Arrive()
    {
        _isScheduled = false;
        if (_isBroken || world.IsCut(from.Id, to, path)) return;
        if (_inFlight.Count > 0)
        {
            int count = world.Dice.OneIn(3) ? world.Dice.Between(1, _inFlight.Count) : _inFlight.Count;
            byte[] bytes = [.. _inFlight[..count]];
            _inFlight.RemoveRange(0, count);
            Receiver.Node.Run(() => Receiver.Take(bytes));
        }
        else if (_isClosed)
        {
            _isEndSent = true;
            Receiver.Node.Run(Receiver.TakeEnd);
        }

        Schedule();
    }
}
