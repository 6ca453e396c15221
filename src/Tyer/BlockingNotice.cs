namespace Tyer;

/// <summary>Tells a holder that it is in somebody's way. Releasing or converting down lets the other one in.</summary>
/// <param name="Wanted">The mode that cannot be granted beside the holder's.</param>
/// <param name="Requester">Who wants it.</param>
/// <param name="WaitedFor">How long it has waited so far.</param>
public sealed record BlockingNotice(LockMode Wanted, LockOwner Requester, TimeSpan WaitedFor);
