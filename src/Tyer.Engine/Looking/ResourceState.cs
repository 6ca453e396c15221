namespace Tyer.Engine.Looking;

/// <summary>A resource as its master has it at one moment.</summary>
/// <param name="Space">The lockspace.</param>
/// <param name="Name">The name.</param>
/// <param name="Directory">The directory node of the name, 0 before the first view.</param>
/// <param name="ValueState">Whether there is a value, and whether it can be trusted.</param>
/// <param name="ValueVersion">How often it was written.</param>
/// <param name="Granted">Who holds, oldest grant first.</param>
/// <param name="Converting">Who holds one mode and waits for another, next one first.</param>
/// <param name="Waiting">New requests, next one first.</param>
/// <param name="IsRebuilding">Whether its locks are being taken in after a master that departed: nothing is granted meanwhile, and the lists are what is known so far.</param>
public sealed record ResourceState(
    uint Space,
    ResourceName Name,
    uint Directory,
    LockValueState ValueState,
    ulong ValueVersion,
    IReadOnlyList<LockState> Granted,
    IReadOnlyList<LockState> Converting,
    IReadOnlyList<LockState> Waiting,
    bool IsRebuilding = false);

/// <summary>A lock in a queue.</summary>
/// <param name="Id">The lock.</param>
/// <param name="Granted">The mode held.</param>
/// <param name="Requested">The mode waited for.</param>
/// <param name="Token">The token of the latest grant.</param>
/// <param name="HeldFor">For how long it has held the mode of <paramref name="Granted"/>, in ticks of 100 ns; null if it holds none.</param>
/// <param name="WaitedFor">For how long it has waited for the mode of <paramref name="Requested"/>, in ticks of 100 ns; null if it waits for none.</param>
/// <param name="LeftFor">For how long it has been an orphan, left behind by a process that is dead, in ticks of 100 ns; null if it is none.</param>
/// <param name="Session">The number of its session at its node.</param>
/// <param name="Identity">Who owns it, as the node layer encodes identities.</param>
/// <param name="Note">Label and purpose, as the node layer encodes them; empty if none.</param>
public sealed record LockState(
    LockId Id,
    LockMode? Granted,
    LockMode? Requested,
    FencingToken Token,
    long? HeldFor,
    long? WaitedFor,
    long? LeftFor,
    uint Session,
    ReadOnlyMemory<byte> Identity,
    ReadOnlyMemory<byte> Note)
{
    /// <summary>Whether its process is dead and it was left behind.</summary>
    public bool IsOrphan => LeftFor is not null;
}
