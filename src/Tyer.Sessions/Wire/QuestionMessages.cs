using System.Diagnostics.CodeAnalysis;

namespace Tyer.Sessions.Wire;

/// <summary>What a question is about: the members of <see cref="Administration.ITyerAdministration"/>, and the query of a lockspace.</summary>
[SuppressMessage("Design", "CA1028:Enum Storage should be Int32", Justification = "A byte of the protocol.")]
public enum QuestionKind : byte
{
    /// <summary>The cluster; answered by one <see cref="Administration.ClusterStatus"/>.</summary>
    Status = 0,

    /// <summary>The nodes; answered by one list of <see cref="Administration.NodeInfo"/>.</summary>
    Nodes = 1,

    /// <summary>The sessions; answered by <see cref="Administration.SessionInfo"/>, each a document.</summary>
    Sessions = 2,

    /// <summary>Take a lock away, by <see cref="Administration.RevokeOrder"/>; answered by one <see cref="Administration.RevokeResult"/>.</summary>
    Revoke = 3,

    /// <summary>
    /// Resources, by <see cref="Administration.ResourceQuestion"/>; answered by <see cref="Administration.LockspaceResource"/>, each a document.
    /// </summary>
    Resources = 4,

    /// <summary>Install a view, by <see cref="Administration.ViewOrder"/>; answered by one <see cref="Administration.MembershipResult"/>.</summary>
    SetView = 5,

    /// <summary>Somebody acts no more, by <see cref="Administration.FenceOrder"/>; answered by one <see cref="Administration.MembershipResult"/>.</summary>
    Fence = 6,

    /// <summary>What the node remembers of its recoveries; answered by one list of <see cref="Administration.RecoveryInfo"/>.</summary>
    Recoveries = 7,

    /// <summary>The view is good for longer, by <see cref="Administration.RenewalOrder"/>; answered by one <see cref="Administration.MembershipResult"/>.</summary>
    Renew = 8,

    /// <summary>End orphans, by <see cref="Administration.OrphanPurgeOrder"/>; answered by one <see cref="Administration.OrphanPurgeResult"/>.</summary>
    PurgeOrphans = 9,

    /// <summary>
    /// What happens, by <see cref="Administration.EventsOrder"/>; answered by <see cref="Administration.ClusterEvent"/>, each a document, perhaps
    /// without end.
    /// </summary>
    Events = 10,

    /// <summary>The connections of the node that is asked to its peers; answered by one list of <see cref="Administration.PeerInfo"/>.</summary>
    Peers = 11,

    /// <summary>Change one of them, by <see cref="Administration.PeerOrder"/>; answered by one list of <see cref="Administration.PeerInfo"/>.</summary>
    OrderPeer = 12,

    /// <summary>Change or show the options of all, by <see cref="Administration.PeerOptions"/>; answered by the same.</summary>
    PeerOptions = 13,

    /// <summary>Ping the ways to a peer, by <see cref="Administration.ProbeOrder"/>; answered by one list of <see cref="Administration.ProbeInfo"/>.</summary>
    Probe = 14,

    /// <summary>Try fence agents, by <see cref="Administration.FenceTestOrder"/>; answered by one <see cref="Administration.FenceTestResult"/>.</summary>
    TestFencing = 15,
}

/// <summary>
/// A question, with what it needs to know as JSON. Answered by <see cref="AnswerMessage"/>s, or a <see cref="FailedMessage"/>, perhaps after some.
/// <code>
///  0 kind u8    1 question u8    2 reserved 2    4 request u32    8 JSON
/// </code>
/// </summary>
public readonly ref struct AskMessage
{
    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = 8 + WireLimits.QuestionBytesMax;

    private static readonly int Kinds = Enum.GetValues<QuestionKind>().Length;

    /// <summary>What it is about.</summary>
    public QuestionKind Question { get; init; }

    /// <summary>Its number: what the answers repeat.</summary>
    public uint Request { get; init; }

    /// <summary>What it needs to know; empty if nothing.</summary>
    public ReadOnlySpan<byte> Json { get; init; }

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Ask);
        writer.U8((byte)Question);
        writer.Reserved(2);
        writer.U32(Request);
        writer.Bytes(Json);
        return writer.Length;
    }

    /// <summary>Reads it; the JSON is the message's, and not looked at here.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out AskMessage asked)
    {
        var reader = new WireReader(message, WireKind.Ask);
        var question = (QuestionKind)reader.Below(Kinds);
        reader.Reserved(2);
        asked = new AskMessage { Question = question, Request = reader.U32(), Json = reader.Rest(WireLimits.QuestionBytesMax) };
        return reader.End();
    }
}

/// <summary>
/// The answer to a question is not wanted any more. One last answer follows all the same, so that the number is free again.
/// <code>
///  0 kind u8, reserved 3    4 request u32
/// </code>
/// </summary>
public readonly record struct ForgetMessage(uint Request)
{
    /// <summary>Bytes of it.</summary>
    public const int Bytes = 8;

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Forget);
        writer.Reserved(3);
        writer.U32(Request);
        return writer.Length;
    }

    /// <summary>Reads it.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out ForgetMessage told)
    {
        var reader = new WireReader(message, WireKind.Forget);
        reader.Reserved(3);
        told = new ForgetMessage(reader.U32());
        return reader.End();
    }
}

/// <summary>
/// A piece of an answer: documents of JSON one after the other, each in one message or in several.
/// <code>
///  0 kind u8    1 ends a document u8    2 ends the answer u8    3 reserved    4 request u32    8 JSON
/// </code>
/// </summary>
public readonly ref struct AnswerMessage
{
    /// <summary>Bytes of the longest one.</summary>
    public const int BytesMax = 8 + WireLimits.FragmentBytesMax;

    /// <summary>The question.</summary>
    public uint Request { get; init; }

    /// <summary>Whether the document is whole with this piece.</summary>
    public bool EndsDocument { get; init; }

    /// <summary>Whether nothing follows.</summary>
    public bool EndsAnswer { get; init; }

    /// <summary>The piece.</summary>
    public ReadOnlySpan<byte> Json { get; init; }

    /// <summary>Writes it; returns how many bytes it took.</summary>
    public int Write(Span<byte> destination)
    {
        var writer = new WireWriter(destination, WireKind.Answer);
        writer.U8(EndsDocument ? (byte)1 : (byte)0);
        writer.U8(EndsAnswer ? (byte)1 : (byte)0);
        writer.Reserved(1);
        writer.U32(Request);
        writer.Bytes(Json);
        return writer.Length;
    }

    /// <summary>Reads it; the JSON is the message's.</summary>
    public static WireFault TryRead(ReadOnlySpan<byte> message, out AnswerMessage told)
    {
        var reader = new WireReader(message, WireKind.Answer);
        var (endsDocument, endsAnswer) = (reader.Below(2) == 1, reader.Below(2) == 1);
        reader.Reserved(1);
        told = new AnswerMessage
        {
            EndsDocument = endsDocument,
            EndsAnswer = endsAnswer,
            Request = reader.U32(),
            Json = reader.Rest(WireLimits.FragmentBytesMax),
        };
        return reader.End();
    }
}
