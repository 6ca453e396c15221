using Tyer.Comms.Endpoints;
using Tyer.Comms.Frames;
using Tyer.Comms.Links;
using Tyer.Comms.Peers;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Tests.Fuzzing;

/// <summary>A link without socket or thread: bytes are fed to it, and what it sends is kept.</summary>
internal sealed class MemoryLink : Link, IFrameReceiver
{
    private readonly List<byte> _sent;
    private IFrameReceiver? _inner;
    private bool _isFinished;

    public MemoryLink()
        : this(new Sink())
    {
    }

    private MemoryLink(Sink sink)
        : base(sink, hasThread: false, CommsLimits.HandshakeBodyBytesMax, CommsLimits.PeerReceiveBytesMin) => _sent = sink.Sent;

    /// <summary>How it ended, if it has.</summary>
    public LinkEnd? Ended { get; private set; }

    /// <summary>What was sent since this was last asked.</summary>
    public byte[] TakeSent()
    {
        byte[] sent = [.. _sent];
        _sent.Clear();
        return sent;
    }

    public override void Start(IFrameReceiver receiver)
    {
        _inner = receiver;
        DeliverTo(this);
    }

    /// <summary>Bytes come, so many at a time.</summary>
    public void Feed(ReadOnlySpan<byte> bytes, int step)
    {
        while (!bytes.IsEmpty && !HasEnded)
        {
            Memory<byte> free = Buffer.Free();
            int count = Math.Min(Math.Min(step, free.Length), bytes.Length);
            bytes[..count].CopyTo(free.Span);
            bytes = bytes[count..];
            Received(count);
        }

        Settle();
    }

    /// <summary>The other side closes, or has.</summary>
    public void Close()
    {
        if (!HasEnded) Received(0);
        Settle();
    }

    FrameError IFrameReceiver.OnFrame(in MessageView frame) => _inner!.OnFrame(frame);

    void IFrameReceiver.OnBatchEnd() => _inner!.OnBatchEnd();

    void IFrameReceiver.OnMalformed(FrameError error) => _inner!.OnMalformed(error);

    void IFrameReceiver.OnSendable() => _inner!.OnSendable();

    void IFrameReceiver.OnEnded(in LinkEnd end)
    {
        Ended = end;
        _inner!.OnEnded(end);
    }

    protected override void Shutdown()
    {
    }

    protected override void Release()
    {
    }

    private void Settle()
    {
        if (!HasEnded || _isFinished) return;
        _isFinished = true;
        Finish();
    }

    private sealed unsafe class Sink : IByteSink
    {
        public List<byte> Sent { get; } = [];

        public bool MayBlock => false;

        public long Send(ReadOnlySpan<IoVector> vectors, bool waits, out int error)
        {
            error = 0;
            long count = 0;
            foreach (IoVector vector in vectors)
            {
                Sent.AddRange(new ReadOnlySpan<byte>((void*)vector.Address, (int)vector.Length));
                count += (long)vector.Length;
            }

            return count;
        }

        public ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes)
        {
            Sent.AddRange(bytes.Span);
            return ValueTask.FromResult(bytes.Length);
        }
    }
}

/// <summary>Brings links that a test makes.</summary>
internal sealed class MemoryTransport : ILinkTransport
{
    public IReadOnlyList<CommsEndpoint> Endpoints { get; } = [CommsEndpoint.Parse("tcp://127.0.0.1:1")];

    public long AcceptFailures => 0;

    public TimeSpan Now => TimeSpan.FromHours(1);

    public SegmentPool Segments { get; } = new();

    /// <summary>The links that are to be dialled, in the order in which that was asked for.</summary>
    public Queue<PeerLink> Dialled { get; } = new();

    public void Start(CommsDomain domain)
    {
    }

    public void Dial(PeerLink link, CommsEndpoint to) => Dialled.Enqueue(link);

    public void WakeForAcknowledgement()
    {
    }

    public void WakeAt(TimeSpan time)
    {
    }

    public void BeatAt(TimeSpan time)
    {
    }

    public void StopListening()
    {
    }

    public void Dispose()
    {
    }
}
