using System.Runtime.CompilerServices;
using Tyer.Engine.Locks;
using Tyer.Engine.Orphans;

namespace Tyer.Engine.Mastering;

/// <summary>Looking through the queues of a resource after something left it: who can be granted now, and who is to be told that he blocks.</summary>
internal sealed class GrantPass(EngineCore core, Answers answers)
{
    /// <summary>Grants a mode: the value moves by its table, the lock to the granted queue, and the owner is told.</summary>
    internal void Grant(Lock granted, LockMode mode)
    {
        // By what was asked for: an alternate mode below the old one is a grant like any other.
        var isDown = granted.Granted is { } held && LockModes.IsDownConversion(held, granted.Requested!.Value);
        var valueRead = Apply(granted, mode);
        if (isDown)
        {
            // It has no answer, so it cannot have a new token either.
            answers.DownConverted(granted);
            if (Keepers.MayConcern(granted))
                core.Keepers.Review(granted, isNews: true);
        }
        else
        {
            granted.Token = core.NextToken();
            if (!Keepers.MayConcern(granted) || !core.Keepers.HoldsBack(granted, valueRead))
                answers.Granted(granted, valueRead);
        }
    }

    /// <summary>The part of a grant that concerns the resource and the lock itself.</summary>
    /// <returns>Whether the lock has read the value, or written it.</returns>
    internal bool Apply(Lock granted, LockMode mode)
    {
        var queues = granted.Resource.Queues;
        var before = granted.Granted;
        var valueRead = ValueRules.OnGrant(granted.Resource, granted, before, mode);
        if (granted.Queue != QueueKind.Granted || before != mode)
        {
            if (granted.Queue != QueueKind.None)
                queues.Remove(granted);
            granted.Granted = mode;
            queues.Place(granted, QueueKind.Granted);
        }

        granted.Requested = null;
        granted.Notified = LockMode.Null;
        granted.Since = core.Now;
        return valueRead;
    }

    /// <summary>Grants what can be granted, conversions first; then tells those who hold what somebody still waits for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // so that where nobody waits, as nearly always, it costs no call
    internal void Run(Resource resource)
    {
        if (!resource.Queues.NobodyWaits)
            RunQueues(resource);
    }

    private void RunQueues(Resource resource)
    {
        if (!core.MayGrant || resource.Role != ResourceRole.Active)
            return;
        var blocked = GrantConversions(resource);
        blocked = GrantRequests(resource, blocked);
        if (blocked.Highest is { } highest)
            NotifyHolders(resource, highest, blocked.ConcurrentWrite);
    }

    /// <summary>The same for queues that were just rebuilt: nobody has been told anything of them.</summary>
    internal void RunAnew(Resource resource)
    {
        if (core.MayGrant)
            GrantConversions(resource, anyOrder: true);
        Run(resource);
    }

    /// <summary>
    /// Looks through the conversions. Every grant starts the walk again, for it changes who is first; and so does, once, a demotion.
    /// </summary>
    /// <param name="resource">The resource.</param>
    /// <param name="anyOrder">After a rebuild: what was on its way to the departed master had overtaken those that wait (R4).</param>
    internal Blocked GrantConversions(Resource resource, bool anyOrder = false)
    {
        var queues = resource.Queues;
        var demotionsSeen = false;
        var concurrentWrite = false;
        while (true)
        {
            LockMode? highest = null;
            var granted = false;
            var demoted = false;
            for (var each = queues.Converting.First; each is not null;)
            {
                var next = each.Next;
                var demotedBefore = each.StatusFlags.HasFlag(StatusFlags.Demoted);
                switch (GrantRules.Decide(queues, each, isNew: anyOrder, out var mode))
                {
                    case GrantVerdict.Grant:
                        Grant(each, mode);
                        granted = true;
                        break;
                    case GrantVerdict.Deadlock:
                        // It chose to wait all the same (NODLCKWT): it is told of its own wish, so that it can give way.
                        if (each.Has(RawFlags.NoDlckWt) && each.Has(EngineCore.NotifyBlocking) && each.Notified < each.Requested)
                            Notify(each, each.Requested!.Value, each);
                        break;
                    default:
                        if (!demotedBefore && each.StatusFlags.HasFlag(StatusFlags.Demoted))
                        {
                            demoted = true;
                            break;
                        }

                        highest = Higher(highest, each.Requested);
                        concurrentWrite |= each.Requested == LockMode.ConcurrentWrite;
                        break;
                }

                each = next;
            }

            if (granted)
                continue;
            if (demoted && !demotionsSeen)
            {
                demotionsSeen = true;
                continue;
            }

            return new Blocked(highest, concurrentWrite);
        }
    }

    /// <summary>Tells those in the way of a request that has just been blocked.</summary>
    internal void NotifyBlockersOf(Lock blocked, LockMode wanted, bool convertingToo)
    {
        var queues = blocked.Resource.Queues;
        Notify(queues.Granted);
        if (convertingToo)
            Notify(queues.Converting);

        void Notify(LockList holders)
        {
            for (var holder = holders.First; holder is not null; holder = holder.Next)
            {
                if (holder != blocked && IsToBeNotified(holder) && BlockingRules.RequestBlockedBy(holder, wanted))
                    this.Notify(holder, wanted, blocked);
            }
        }
    }

    // Who has not been told yet that he holds it is told whom he blocks after that.
    private bool IsToBeNotified(Lock holder) => holder.Has(EngineCore.NotifyBlocking) && !core.Keepers.IsHeldBack(holder);

    private Blocked GrantRequests(Resource resource, Blocked blocked)
    {
        var queues = resource.Queues;
        for (var each = queues.Waiting.First; each is not null;)
        {
            var next = each.Next;
            if (GrantRules.Decide(queues, each, isNew: false, out var mode) == GrantVerdict.Grant)
                Grant(each, mode);
            else if (!queues.HasUnorderedWaiting)
                break; // those behind it are not first in the queue, and would have to be
            each = next;
        }

        return new Blocked(
            Higher(blocked.Highest, queues.Wanted.Highest), blocked.ConcurrentWrite || queues.Wanted.Has(LockMode.ConcurrentWrite));
    }

    private void NotifyHolders(Resource resource, LockMode highest, bool concurrentWrite)
    {
        for (var holder = resource.Queues.Granted.First; holder is not null; holder = holder.Next)
        {
            if (!IsToBeNotified(holder) || BlockingRules.AfterPass(holder, highest, concurrentWrite) is not { } told)
                continue;
            answers.Blocking(holder, told, FirstWanting(resource, told));
            holder.Notified = highest;
        }
    }

    private void Notify(Lock holder, LockMode wanted, Lock requester)
    {
        answers.Blocking(holder, wanted, requester);
        holder.Notified = wanted;
    }

    private static Lock FirstWanting(Resource resource, LockMode mode)
    {
        for (var each = resource.Queues.Converting.First; each is not null; each = each.Next)
        {
            if (each.Requested == mode)
                return each;
        }

        for (var each = resource.Queues.Waiting.First; each is not null; each = each.Next)
        {
            if (each.Requested == mode)
                return each;
        }

        throw new InvariantBrokenException("a mode that blocks is wanted by a lock");
    }

    // "Higher" by number, as fs/dlm takes it; where that matters (CW beside PR) the rules treat CW apart.
    private static LockMode? Higher(LockMode? one, LockMode? other) => one is null || other > one ? other ?? one : one;

    /// <summary>What is still wanted: the highest mode blocked, and whether a CW is among the blocked.</summary>
    internal readonly record struct Blocked(LockMode? Highest, bool ConcurrentWrite);
}
