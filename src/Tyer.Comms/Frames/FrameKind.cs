namespace Tyer.Comms.Frames;

/// <summary>
/// What a frame is. The numbers are part of the wire format; those left out belong to parts that are not built yet. A kind from
/// <see cref="FirstIgnorable"/> up may be skipped by who does not know it, so that a later version can say more to an older one.
/// </summary>
internal enum FrameKind : byte
{
    /// <summary>Who I am and whom I mean to reach; the first frame of either side on a link between nodes.</summary>
    Hello = 1,

    /// <summary>No, and why; the last frame on its link.</summary>
    Refusal = 2,

    /// <summary>I have the key that our hellos speak of.</summary>
    AuthProof = 3,

    /// <summary>This link is the one; my messages resume here.</summary>
    Ready = 4,

    /// <summary>The sequence field is the last message received; no body.</summary>
    Ack = 10,

    /// <summary>The last message of a node that leaves; sequenced like a message; no body.</summary>
    Goodbye = 13,

    /// <summary>A message of a floor above.</summary>
    Message = 16,

    /// <summary>The first of the kinds that may be skipped.</summary>
    FirstIgnorable = 0x80,
}

/// <summary>Questions about kinds.</summary>
internal static class FrameKinds
{
    /// <summary>Whether a frame of this kind may come at all.</summary>
    public static bool IsKnownOrIgnorable(byte kind) => IsIgnorable((FrameKind)kind) || (FrameKind)kind
        is FrameKind.Hello or FrameKind.Refusal or FrameKind.AuthProof or FrameKind.Ready or FrameKind.Ack or FrameKind.Goodbye or FrameKind.Message;

    /// <summary>Whether a frame of this kind is skipped by who does not know it.</summary>
    public static bool IsIgnorable(FrameKind kind) => kind >= FrameKind.FirstIgnorable;
}
