namespace Tyer.Node.Lockspaces;

/// <summary>
/// What a lockspace asks of its node besides locking: all of it may wait for other members. A seam, so that locking can be tried in virtual
/// time, where nothing waits.
/// </summary>
internal interface ILockspaceServices
{
    /// <summary>Ends the orphans that a process of a member left; 0: of any.</summary>
    ValueTask<int> PurgeAsync(OpenedLockspace space, uint member, int processId, CancellationToken cancellationToken);

    /// <summary>Asks the members who holds and who waits.</summary>
    IAsyncEnumerable<ResourceSnapshot> QueryAsync(uint space, ResourceQuery query, CancellationToken cancellationToken);

    /// <summary>One of those who have it open closes it.</summary>
    ValueTask CloseAsync(OpenedLockspace space);
}
