using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>What must be true of an engine's lists and tables after every single step.</summary>
internal static class StructureAudit
{
    internal static void Check(LockEngine engine)
    {
        int locks = 0, deadlines = 0;
        foreach (var resource in ClusterAudit.ResourcesOf(engine))
        {
            var queues = resource.Queues;
            Count(resource.Owned, QueueKind.Owned);
            Count(queues.Granted, QueueKind.Granted);
            Count(queues.Converting, QueueKind.Converting);
            Count(queues.Waiting, QueueKind.Waiting);
            Require.That(queues.AreEmpty || resource.Role == ResourceRole.Active, "only a master has queues");
            Require.That(!resource.IsIdle || !resource.IsInUse, "what is idle is not used");
            Require.That(resource.IsIdle || resource.IsInUse || resource.Record != 0, "what nobody uses is idle");
            Require.That(resource.Parked is null or { Count: 0 } || resource.IsInUse, "only who awaits an answer parks messages");
            var wanted = ClusterAudit.LocksOn(queues.Waiting).Select(each => each.Requested).ToArray();
            foreach (var mode in LockModes.All)
                Require.That(queues.Wanted.Has(mode) == wanted.Contains(mode), "the modes wanted are counted");

            void Count(LockList list, QueueKind kind)
            {
                var count = 0;
                for (var each = list.First; each is not null; each = each.Next)
                {
                    Require.That(each.Queue == kind && each.Resource == resource, "a lock is on the queue that it says");
                    Require.That(engine.Find(each.Id) == each, "a lock on a queue is in the table");
                    Require.That((each.Next is null ? list.Last : each.Next.Previous) == each, "a list reads the same both ways");
                    count++;
                    if (each.DeadlineIndex >= 0)
                        deadlines++;
                }

                Require.That(count == list.Count, "a list counts its locks");
                locks += count;
            }
        }

        Require.That(locks == engine.LockCount, "each lock of the table is on one queue");
        Require.That(deadlines == engine.Core.Deadlines.Count, "each deadline is of a lock");
    }

    /// <summary>After all sessions have ended and enough time has passed.</summary>
    internal static void CheckEmpty(LockEngine engine)
    {
        var core = engine.Core;
        var left = $"{core.Locks.Count} locks, {core.Resources.Count} resources, {core.Sessions.Count} sessions, "
            + $"{core.Sessions.WithOrphans.Count} of them with orphans, {core.Deadlines.Count} deadlines, "
            + $"{(core.Idle.First is null ? 0 : 1)} idle";
        const string nothing = "0 locks, 0 resources, 0 sessions, 0 of them with orphans, 0 deadlines, 0 idle";
        Require.That(left == nothing, $"n{core.Node} is left with {left}");
    }
}
