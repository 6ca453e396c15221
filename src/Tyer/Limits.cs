namespace Tyer;

/// <summary>The sizes that every part of Tyer agrees on. Checked at every trust boundary; beyond one, the error names it.</summary>
public static class Limits
{
    /// <summary>Bytes in a resource name, at most: the field's size, so that names can be exchanged with other lock managers.</summary>
    public const int ResourceNameBytesMax = 64;

    /// <summary>Characters in the name of a lockspace, node or cluster, at most: such names become parts of paths and flags.</summary>
    public const int SystemNameLengthMax = 64;

    /// <summary>Bytes in a value block where a lockspace does not say otherwise.</summary>
    public const int ValueBytesDefault = 64;

    /// <summary>Bytes in the smallest value block, unless it is 0 (the lockspace has none); sizes are multiples of this.</summary>
    public const int ValueBytesStep = 8;

    /// <summary>Bytes in a value block, at most: it travels in every message that reads or writes it.</summary>
    public const int ValueBytesMax = 1024;

    /// <summary>Bytes (UTF-8) in an owner's label or purpose, at most: both are shown in one line.</summary>
    public const int LabelBytesMax = 128;

    /// <summary>The smallest node id; 0 means "no node".</summary>
    public const uint NodeIdMin = 1;

    /// <summary>The largest node id: it is the top 10 bits of a <see cref="LockId"/>.</summary>
    public const uint NodeIdMax = (1 << LockId.NodeBits) - 1;

    /// <summary>Locks that one session may have in one lockspace, unless the lockspace says otherwise.</summary>
    public const int LocksPerSessionMaxDefault = 100_000;

    /// <summary>Requests and conversions that may wait on one resource, unless the lockspace says otherwise.</summary>
    public const int QueueLengthMaxDefault = 10_000;
}
