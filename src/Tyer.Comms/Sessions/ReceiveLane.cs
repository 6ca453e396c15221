using System.Buffers;
using Tyer.Comms.Frames;

namespace Tyer.Comms.Sessions;

/// <summary>What to do with a sequenced frame.</summary>
internal enum ReceiveVerdict
{
    /// <summary>It is the next one, and whole.</summary>
    Deliver,

    /// <summary>It is the next one, and a part of a message.</summary>
    Keep,

    /// <summary>It came before, over another link; drop it.</summary>
    Duplicate,

    /// <summary>One is missing before it, which no link can do by itself.</summary>
    Gap,

    /// <summary>It was not allowed to come yet.</summary>
    Overrun,

    /// <summary>Its parts make more than a message.</summary>
    TooLong,
}

/// <summary>
/// What one lane receives, over whichever link: each message once and in order. <see cref="Receive"/> belongs to who has the receiving side;
/// the rest is called with the gate of the queues held.
/// </summary>
internal sealed class ReceiveLane(byte number)
{
    private ulong _next = 1;
    private long _bytes;
    private ulong _allowedMessages;
    private long _allowedBytes;
    private byte[] _parts = [];
    private int _partsLength;

    private ulong _acknowledged;
    private long _acknowledgedBytes;
    private bool _isDemanded;

    /// <summary>The number of the first message not yet received.</summary>
    public ulong Next => Volatile.Read(ref _next);

    /// <summary>Messages that came again and were dropped, ever.</summary>
    public long Duplicates { get; private set; }

    /// <summary>Whether something was received that no acknowledgement has told yet, or came again, which shows that one was lost.</summary>
    public bool IsOwed => _isDemanded || Next - 1 > _acknowledged;

    /// <summary>Whether so much was received that it should be acknowledged without waiting for a message to ride on.</summary>
    public bool IsDue => _isDemanded
        || Next - 1 - _acknowledged >= CommsLimits.UnacknowledgedMessagesMax
        || (IsOwed && Volatile.Read(ref _bytes) - _acknowledgedBytes >= CommsLimits.UnacknowledgedBytesMax);

    /// <summary>The body of a message that came in parts, or else of this frame.</summary>
    public ReadOnlySpan<byte> Whole(in MessageView frame)
    {
        if (_partsLength == 0) return frame.Body;
        frame.Body.CopyTo(_parts.AsSpan(_partsLength));
        return _parts.AsSpan(0, _partsLength + frame.Body.Length);
    }

    /// <summary>What <see cref="Whole"/> gave is done with.</summary>
    public void ReleaseParts()
    {
        if (_partsLength == 0) return;
        ArrayPool<byte>.Shared.Return(_parts);
        _parts = [];
        _partsLength = 0;
    }

    /// <summary>A sequenced frame has come.</summary>
    public ReceiveVerdict Receive(in MessageView frame)
    {
        if (frame.Sequence != _next)
        {
            if (frame.Sequence == 0 || frame.Sequence > _next) return ReceiveVerdict.Gap;
            Duplicates++;
            _isDemanded = true;
            return ReceiveVerdict.Duplicate;
        }

        if (frame.Sequence > Volatile.Read(ref _allowedMessages) || _bytes + frame.FrameBytes > Volatile.Read(ref _allowedBytes)) return ReceiveVerdict.Overrun;
        if (_partsLength + frame.Body.Length > CommsLimits.PeerBodyBytesMax) return ReceiveVerdict.TooLong;
        if (frame.Kind == FrameKind.Fragment) Keep(frame.Body);
        Volatile.Write(ref _bytes, _bytes + frame.FrameBytes);
        Volatile.Write(ref _next, _next + 1);
        return frame.Kind == FrameKind.Fragment ? ReceiveVerdict.Keep : ReceiveVerdict.Deliver;
    }

    /// <summary>The next acknowledgement goes out at once.</summary>
    public void Demand() => _isDemanded = true;

    /// <summary>The acknowledgement of all that has been received; it is as good as sent.</summary>
    public Acknowledgement Acknowledge()
    {
        _isDemanded = false;
        _acknowledgedBytes = Volatile.Read(ref _bytes);
        _acknowledged = Next - 1;
        Allow();
        return new Acknowledgement(number, _acknowledged, _allowedMessages, (ulong)_allowedBytes);
    }

    /// <summary>Where this lane stands, for the other side.</summary>
    /// <param name="acknowledged">What is known to have been received of this side's messages.</param>
    public LaneMark Mark(ulong acknowledged)
    {
        Allow();
        return new LaneMark(Next, acknowledged, _allowedMessages, (ulong)_allowedBytes);
    }

    /// <summary>Another session begins. Only when no link delivers.</summary>
    public void Reset()
    {
        ReleaseParts();
        _next = 1;
        _bytes = 0;
        _allowedMessages = 0;
        _allowedBytes = 0;
        _acknowledged = 0;
        _acknowledgedBytes = 0;
        _isDemanded = false;
    }

    private void Allow()
    {
        Volatile.Write(ref _allowedMessages, Next - 1 + CommsLimits.LaneWindowMessages);
        Volatile.Write(ref _allowedBytes, Volatile.Read(ref _bytes) + CommsLimits.LaneWindowBytes);
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_partsLength == 0) _parts = ArrayPool<byte>.Shared.Rent(CommsLimits.PeerBodyBytesMax);
        part.CopyTo(_parts.AsSpan(_partsLength));
        _partsLength += part.Length;
    }
}
