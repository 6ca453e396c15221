namespace Tyer.Cluster.Corosync.Interop;

/// <summary>What every function of the libraries answers (<c>cs_error_t</c>); those that mean something to us.</summary>
internal enum CsError
{
    Ok = 1,

    /// <summary>The daemon is gone.</summary>
    Library = 2,

    /// <summary>Flow control, or the daemon is busy changing its ring.</summary>
    TryAgain = 6,
    BadHandle = 9,
    Access = 11,
    NotExist = 12,
}
