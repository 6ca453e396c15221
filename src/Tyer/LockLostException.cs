namespace Tyer;

/// <summary>
/// <c>TYER-LOST</c>: the lock is no longer held, and somebody else may have it by now. The handle does not come back to life (rule S6).
/// </summary>
public sealed class LockLostException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-LOST";

    /// <summary>Makes the exception.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="mode">The mode it was held in.</param>
    /// <param name="id">The lock.</param>
    /// <param name="token">The token it was held with.</param>
    /// <param name="reason">Why it was lost.</param>
    public LockLostException(ResourceName resource, LockMode mode, LockId id, FencingToken token, LossReason reason)
        : base(
            ErrorCode,
            $"{mode.ToShortName()} on '{resource}' ({id}, token {token}) was lost: {Describe(reason)}. "
            + "Stop what it protects; lock again to go on.")
    {
        Resource = resource;
        Mode = mode;
        Id = id;
        Token = token;
        Reason = reason;
    }

    /// <summary>The resource.</summary>
    public ResourceName Resource { get; }

    /// <summary>The mode it was held in.</summary>
    public LockMode Mode { get; }

    /// <summary>The lock.</summary>
    public LockId Id { get; }

    /// <summary>The token it was held with: whatever it wrote carries this one.</summary>
    public FencingToken Token { get; }

    /// <summary>Why it was lost.</summary>
    public LossReason Reason { get; }

    private static string Describe(LossReason reason) => reason switch
    {
        LossReason.SessionExpired => "the session was not renewed in time",
        LossReason.ConnectionClosed => "the connection to the node closed",
        LossReason.NodeStopped => "the node stopped",
        LossReason.NodeExpelled => "the node was put out of the cluster",
        LossReason.QuorumLost => "the node's side of the cluster lost its quorum",
        LossReason.Revoked => "an administrator took it away",
        LossReason.LockspaceClosed => "this program closed the lockspace",
        LossReason.ClockJumped => "the machine's clock jumped, as after a suspend",
        _ => reason.ToString(),
    };
}
