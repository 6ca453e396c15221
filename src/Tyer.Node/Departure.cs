using Microsoft.Extensions.Logging;
using Tyer.Cluster;

namespace Tyer.Node;

/// <summary>
/// How a node leaves a cluster whose stack can do without it: it tells the others, hands over what it masters when its sessions have ended, and
/// is its own proof that nothing is left of it. Never for longer than a stop may last; what it does not get rid of is rebuilt when it has gone.
/// </summary>
internal sealed partial class Departure(NodeCore node)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(5);

    private readonly ILogger _log = node.Log;
    private TimeSpan _end;

    /// <summary>The stack that lets this node leave, and somebody to leave it all to; null: it just stops.</summary>
    private ILeavingStack? Stack => node.Membership is { Stack: ILeavingStack stack, State: StackState.Operating } && Others.Any() ? stack : null;

    private IEnumerable<Member> Others => (node.Membership.View?.Members ?? []).Where(member => IsOpen(member.Id.Value));

    /// <summary>Everybody hears that it has begun.</summary>
    internal async Task BeginAsync()
    {
        _end = node.Shards.Clock.Now + NodeLimits.LeaveMax;
        if (Stack is { } stack)
            await SayAsync(stack, hasLeft: false).ConfigureAwait(false);
    }

    /// <summary>The sessions have ended: what is mastered here goes to others, some at a time.</summary>
    internal async Task HandOverAsync()
    {
        if (Stack is null)
            return;
        var before = Mastered();
        while (Step() is var left && left > 0 && MayGoOn())
            await Task.Delay(LookEvery).ConfigureAwait(false);
        LogHandedOver(node.Name, before, Mastered());
    }

    /// <summary>Nothing is left of its clients.</summary>
    internal async Task EndAsync()
    {
        if (Stack is { } stack)
            await SayAsync(stack, hasLeft: true).ConfigureAwait(false);
    }

    // Without a proof from outside nothing settles, and what is in doubt cannot be handed over.
    private bool MayGoOn() => node.Shards.Clock.Now < _end && Others.Any() && (node.Shards.IsSettled || node.Membership.Unproven.IsEmpty);

    private int Step() => node.Shards.Sum(engine =>
    {
        engine.Leave(IsOpen);
        return engine.MasteredCount - engine.PinnedCount;
    });

    private int Mastered() => node.Shards.Sum(static engine => engine.MasteredCount);

    private bool IsOpen(uint other) => other != node.Id && node.Peers?.IsReachable(other) == true
        && node.Membership.Leaving.Keys.All(leaving => leaving.Node.Value != other);

    private static async Task SayAsync(ILeavingStack stack, bool hasLeft)
    {
        try
        {
            await stack.SayFarewellAsync(hasLeft).ConfigureAwait(false);
        }
        catch (LockUnavailableException)
        {
            // The connection to the cluster is closed: nobody is there to be told.
        }
    }

    [LoggerMessage(EventId = 1109, Level = LogLevel.Information, Message = "Node {Name} leaves: of {Count} resources that it mastered {Left} could not be handed over")]
    private partial void LogHandedOver(string name, int count, int left);
}
