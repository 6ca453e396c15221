using Tyer.Engine.Locks;
using Tyer.Engine.Messages;

namespace Tyer.Engine.Tests.Properties;

/// <summary>Something that a master answered or a session was told: prediction and observation are compared as these.</summary>
/// <param name="What">An answer sent to another node, or an event.</param>
/// <param name="Node">Whom it was sent to, or where it was told.</param>
/// <param name="Lock">The lock.</param>
/// <param name="Kind">The kind of an answer, or of the operation that ended.</param>
/// <param name="Mode">The mode granted, kept or wanted.</param>
/// <param name="Status">How an operation ended.</param>
/// <param name="Flags">What else befell it.</param>
/// <param name="Detail">The value read, the requester of a notice, or position and number of holders of a report.</param>
internal readonly record struct Seen(
    SeenWhat What,
    uint Node,
    LockId Lock,
    int Kind,
    LockMode? Mode = null,
    RequestStatus Status = default,
    StatusFlags Flags = default,
    string? Detail = null)
{
    /// <summary>Not compared: a new grant's token is not predicted, but must be greater than all before.</summary>
    internal FencingToken Token { get; init; }

    public bool Equals(Seen other) =>
        (What, Node, Lock, Kind, Mode, Status, Flags, Detail)
        == (other.What, other.Node, other.Lock, other.Kind, other.Mode, other.Status, other.Flags, other.Detail);

    public override int GetHashCode() => HashCode.Combine(What, Node, Lock, Kind);

    public override string ToString()
    {
        var kind = What switch
        {
            SeenWhat.Sent => ((MessageKind)Kind).ToString(),
            SeenWhat.Told => $"{(OperationKind)Kind} {Status}",
            SeenWhat.CancelAnswered => ((CancelOutcome)Kind).ToString(),
            _ => "",
        };
        return $"{What} n{Node} {Lock} {kind} {Mode?.ToShortName()} {(Flags == 0 ? "" : Flags)} {Detail}";
    }
}

internal enum SeenWhat
{
    /// <summary>A master's answer went to another node.</summary>
    Sent,

    /// <summary>A session was told the end of a request.</summary>
    Told,

    /// <summary>A session was told the outcome of a cancel.</summary>
    CancelAnswered,

    /// <summary>A session was told that a lock blocks somebody.</summary>
    ToldBlocking,
}
