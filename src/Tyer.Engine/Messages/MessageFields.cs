namespace Tyer.Engine.Messages;

/// <summary>The parts that a message may carry, in the order in which they stand on the wire.</summary>
[Flags]
internal enum MessageFields
{
    None = 0,

    /// <summary>Lockspace (u32), name length (u8), name.</summary>
    Name = 1 << 0,

    /// <summary>Lock id (u64), operation number (u32).</summary>
    Operation = 1 << 1,

    /// <summary>A mode (u8, 255 = none).</summary>
    Mode = 1 << 2,

    /// <summary>The flags of the call (u32).</summary>
    Flags = 1 << 3,

    /// <summary>Session number (u32).</summary>
    Session = 1 << 4,

    /// <summary>Deadlock identity, present or not (u8, then 16 bytes).</summary>
    Transaction = 1 << 5,

    /// <summary>Label and purpose of the lock (u16 length, bytes).</summary>
    Note = 1 << 6,

    /// <summary>A node id (u16).</summary>
    Node = 1 << 7,

    /// <summary>The counter of a shard clock, or a count, or a place in a queue (u64).</summary>
    Number = 1 << 8,

    /// <summary>Fencing token (u64, u64).</summary>
    Token = 1 << 9,

    /// <summary>Status and status flags (u8, u8).</summary>
    Status = 1 << 10,

    /// <summary>A value: state (u8, 255 = no value here), version (u64), length (u16), bytes.</summary>
    Value = 1 << 11,

    /// <summary>A process id (i32).</summary>
    Process = 1 << 12,

    /// <summary>An identity or a report (u16 length, bytes).</summary>
    Text = 1 << 13,

    /// <summary>A second mode: what a lock waits for beside what it holds (u8, 255 = none).</summary>
    Wanted = 1 << 14,

    /// <summary>What else is to be known (u8).</summary>
    Facts = 1 << 15,

    /// <summary>For how long a lock has had its mode, and waited for another, in ticks (u64, u64).</summary>
    Ages = 1 << 16,
}
