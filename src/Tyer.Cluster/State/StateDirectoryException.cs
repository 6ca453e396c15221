namespace Tyer.Cluster.State;

/// <summary>What is wrong with a state directory.</summary>
public enum StateFault
{
    /// <summary>Another process uses it.</summary>
    Locked,

    /// <summary>It cannot be made, read or written: permissions, a read-only or full file system, a failing disk.</summary>
    Inaccessible,

    /// <summary>The file is damaged, or of a version that this one does not read.</summary>
    Corrupt,

    /// <summary>It belongs to another node or another cluster.</summary>
    OtherOwner,

    /// <summary>The file is not where it was written: it was restored from a backup, or copied.</summary>
    Copied,

    /// <summary>A counter has no room left.</summary>
    Exhausted,

    /// <summary>There is nothing there to adopt.</summary>
    Missing,

    /// <summary>This operating system lacks what a state directory needs.</summary>
    Unsupported,
}

/// <summary><c>TYER-STATE</c>: the state directory cannot be used. The message names the file, the reason and the remedy.</summary>
public sealed class StateDirectoryException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-STATE";

    internal StateDirectoryException(StateFault fault, string message, Exception? inner = null)
        : base(ErrorCode, message, inner) => Fault = fault;

    /// <summary>What is wrong.</summary>
    public StateFault Fault { get; }
}
