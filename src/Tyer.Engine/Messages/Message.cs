using Tyer.Engine.Locks;

namespace Tyer.Engine.Messages;

/// <summary>
/// One message between engines, as a view: its spans belong to whoever made it and are good for the length of a call.
/// Which parts a kind carries is said by <see cref="MessageLayout"/>; the others are left at their defaults.
/// </summary>
public ref struct Message
{
    /// <summary>What is said.</summary>
    public MessageKind Kind { get; set; }

    /// <summary>The slot of the name it is about (0 to 4095): picks the shard at the receiver. 0 where it is about no name.</summary>
    public ushort Slot { get; set; }

    /// <summary>The lockspace of <see cref="Name"/>.</summary>
    public uint Space { get; set; }

    /// <summary>The resource's name, 1 to 64 bytes.</summary>
    public ReadOnlySpan<byte> Name { get; set; }

    /// <summary>The lock, by its owner's id.</summary>
    public LockId Lock { get; set; }

    /// <summary>The owner's number for the operation on the lock: with the id it makes repetition harmless.</summary>
    public uint Operation { get; set; }

    /// <summary>The mode asked for, granted, held now or wanted by somebody, according to the kind; null = none.</summary>
    public LockMode? Mode { get; set; }

    /// <summary>The flags of the call.</summary>
    public RawFlags Flags { get; set; }

    /// <summary>The session that owns the lock, numbered by its node.</summary>
    public uint Session { get; set; }

    /// <summary>The deadlock identity, if it is not the session.</summary>
    public Guid? Transaction { get; set; }

    /// <summary>Label and purpose, as the node layer encodes them; empty = none.</summary>
    public ReadOnlySpan<byte> Note { get; set; }

    /// <summary>The master, in an answer of the directory; where a resource moves, the old or the new one; the node of a session, or of a lock's keeper. 0: none.</summary>
    public uint Node { get; set; }

    /// <summary>Clock counter, count, incarnation, place in a queue, or ticks waited, according to the kind.</summary>
    public ulong Number { get; set; }

    /// <summary>The token of a grant.</summary>
    public FencingToken Token { get; set; }

    /// <summary>How an operation ended, or why it is to be cancelled.</summary>
    public RequestStatus Status { get; set; }

    /// <summary>What else befell the operation.</summary>
    public StatusFlags StatusFlags { get; set; }

    /// <summary>The state of the value carried; null: none is.</summary>
    public LockValueState? ValueState { get; set; }

    /// <summary>The version of the value carried.</summary>
    public ulong ValueVersion { get; set; }

    /// <summary>The bytes of the value carried.</summary>
    public ReadOnlySpan<byte> Value { get; set; }

    /// <summary>A process id.</summary>
    public int Process { get; set; }

    /// <summary>An identity, or a report of who is in the way.</summary>
    public ReadOnlySpan<byte> Text { get; set; }

    /// <summary>The mode that a lock waits for, beside <see cref="Mode"/>, which it holds.</summary>
    public LockMode? Wanted { get; set; }

    /// <summary>What else is to be known.</summary>
    public MessageFacts Facts { get; set; }

    /// <summary>For how long the lock has had its mode, in ticks.</summary>
    public long HeldFor { get; set; }

    /// <summary>For how long the lock has waited for another mode, in ticks.</summary>
    public long WaitedFor { get; set; }
}

/// <summary>What a message of recovery says besides its parts.</summary>
[Flags]
public enum MessageFacts : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>In <see cref="MessageKind.Locate"/>: the asker has locks on the resource, whose master departed.</summary>
    HasLocks = 1,

    /// <summary>
    /// In <see cref="MessageKind.Master"/>: others may have locks on the resource; grant nothing before all have sent theirs. In
    /// <see cref="MessageKind.Remove"/>: whoever is named master next must.
    /// </summary>
    MustRebuild = 2,

    /// <summary>In <see cref="MessageKind.Rebuild"/>: the value is the resource's, by what the owner knows.</summary>
    ValueIsCurrent = 4,

    /// <summary>In <see cref="MessageKind.Rebuild"/>: the number is the place that the old master gave to what the lock waits for.</summary>
    HasSequence = 8,

    /// <summary>In <see cref="MessageKind.Rebuild"/>: what the lock waits for is to be undone, for the reason in the status.</summary>
    IsToBeUndone = 16,

    /// <summary>
    /// In <see cref="MessageKind.Rebuilt"/>: this node is not the master; ask again. In <see cref="MessageKind.Expected"/> and
    /// <see cref="MessageKind.Taken"/>: nor does it become so.
    /// </summary>
    IsNotMaster = 32,

    /// <summary>In <see cref="MessageKind.Expected"/>: this node is leaving. In <see cref="MessageKind.MovedSession"/>: the node of the session has departed.</summary>
    NodeLeaves = 64,

    /// <summary>In <see cref="MessageKind.Taken"/>: the directory node knows of the new master.</summary>
    IsRecorded = 128,
}
