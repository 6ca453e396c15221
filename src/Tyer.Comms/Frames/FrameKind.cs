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

    /// <summary>Are you there? The sequence field is its number; no body.</summary>
    Ping = 8,

    /// <summary>Yes; the sequence field is the ping's; no body.</summary>
    Pong = 9,

    /// <summary>The sequence field is the last message received on the lane; the body says how many more may come.</summary>
    Ack = 10,

    /// <summary>The last message on its lane of a node that leaves; sequenced like a message; no body.</summary>
    Goodbye = 13,

    /// <summary>A message of a floor above.</summary>
    Message = 16,

    /// <summary>A part of a message, with more to follow; the last part is a <see cref="Message"/>.</summary>
    Fragment = 17,

    /// <summary>The first of the kinds that may be skipped.</summary>
    FirstIgnorable = 0x80,
}

/// <summary>Questions about kinds.</summary>
internal static class FrameKinds
{
    /// <summary>Whether a frame of this kind may come at all.</summary>
    public static bool IsKnownOrIgnorable(byte kind) => IsIgnorable((FrameKind)kind) || (FrameKind)kind
        is FrameKind.Hello or FrameKind.Refusal or FrameKind.AuthProof or FrameKind.Ready or FrameKind.Ping or FrameKind.Pong or FrameKind.Ack
            or FrameKind.Goodbye or FrameKind.Message or FrameKind.Fragment;

    /// <summary>Whether a frame of this kind has a number in its lane, and is sent again until it is acknowledged.</summary>
    public static bool IsSequenced(FrameKind kind) => kind is FrameKind.Message or FrameKind.Fragment or FrameKind.Goodbye;

    /// <summary>Whether a frame of this kind is skipped by who does not know it.</summary>
    public static bool IsIgnorable(FrameKind kind) => kind >= FrameKind.FirstIgnorable;
}
