using Tyer.Cluster.Corosync.Agreement;
using Tyer.Cluster.Corosync.Sessions;
using Tyer.Cluster.Glue;
using Tyer.Time;

namespace Tyer.Cluster.Corosync;

/// <summary>
/// Membership by corosync: the daemons agree on rings, on who is in the group of lock managers, and on one order of messages; numbered views are made of that by
/// an agreement of the members themselves. Needs the package <c>corosync</c> on every node, and the same cluster name and node ids there as here.
/// </summary>
public sealed class CorosyncEngine : IMembershipEngine
{
    /// <summary>How long a member may keep the others waiting when a view is agreed on, before they go on without it: 10 s.</summary>
    public static readonly TimeSpan PatienceDefault = TimeSpan.FromSeconds(10);

    // Between two tries to leave, where the ring is changing.
    private static readonly TimeSpan LeaveAgainAfter = TimeSpan.FromMilliseconds(100);

    private readonly IClock _clock;
    private readonly TimeSpan _patience;
    private GroupMember? _member;

    /// <summary>Makes the engine; nothing is loaded before it is joined.</summary>
    /// <param name="clock">Times the others' steps.</param>
    /// <param name="patience">How long one of them may take; null: <see cref="PatienceDefault"/>.</param>
    public CorosyncEngine(IClock clock, TimeSpan? patience = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(patience ?? PatienceDefault, TimeSpan.Zero, nameof(patience));
        _clock = clock;
        _patience = patience ?? PatienceDefault;
    }

    /// <inheritdoc/>
    public string Name => "corosync";

    /// <summary>By corosync's timers; null before it has been reached.</summary>
    public TimeSpan? Detection => _member?.Detection;

    /// <inheritdoc/>
    public ValueTask JoinAsync(Joiner joiner, IMembershipEvents events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(joiner);
        ArgumentNullException.ThrowIfNull(events);
        cancellationToken.ThrowIfCancellationRequested();
        CorosyncLibraries.Require();
        _member = new GroupMember(joiner, _patience, events, _clock);
        _member.Start();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Prove(NodeIncarnation departed, FenceProof proof) => Member.Do(agreement => agreement.Prove(new Proof(departed, proof)));

    /// <inheritdoc/>
    public void Evict(NodeIncarnation member, string why) => Member.Do(agreement => agreement.Evict(member, why));

    /// <inheritdoc/>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Member.Do(agreement => agreement.Leave());
            if (await Task.WhenAny(Member.Left, Task.Delay(LeaveAgainAfter, cancellationToken)).ConfigureAwait(false) == Member.Left) return;
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _member?.Dispose();
        return ValueTask.CompletedTask;
    }

    private GroupMember Member => _member ?? throw new InvalidOperationException("The engine has not been joined.");
}
