namespace Tyer.Cluster;

/// <summary>
/// What a stack is able to do beyond agreeing on a first view. A stack that has one of these offers it by an interface of its own;
/// `status` shows them, so that an operator sees what the cluster will not do.
/// </summary>
[Flags]
public enum StackCapabilities
{
    /// <summary>None: the first view is the only one.</summary>
    None = 0,

    /// <summary>Notices when a member fails, and agrees on a view without it.</summary>
    FailureDetection = 1,

    /// <summary>A member can leave: the others go on in a view without it, and the leave is its proof.</summary>
    Leave = 2,

    /// <summary>The members can agree to put one out that may still answer.</summary>
    Evict = 4,

    /// <summary>An operator or an agent can vouch that a departed member has stopped.</summary>
    FenceAcknowledgement = 8,

    /// <summary>Cuts the power of a departed node by itself: at least one node has a fence agent.</summary>
    Fencing = 16,
}
