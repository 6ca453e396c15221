using System.Text;
using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>What a session asks for with a lock or a conversion.</summary>
internal readonly record struct Wish(LockMode Mode, RawFlags Flags, long Deadline, bool WantsNotices, string? Value)
{
    public override string ToString()
    {
        var value = Value is null ? "" : $" value={Value}";
        var deadline = Deadline == 0 ? "" : $" until {Deadline}";
        return $"{Mode.ToShortName()} {Flags}{value}{deadline}{(WantsNotices ? "" : " quiet")}";
    }
}

/// <summary>Makes the calls of sessions, on an engine and on the model, and checks which are accepted.</summary>
internal sealed class Calls(
    EngineCluster cluster, ClusterModel model, Places places, Comparison comparison, Deliveries deliveries, List<string> told)
{
    internal const int QueueLengthMax = 4;
    internal const int LocksPerSessionMax = 12;
    internal const int ValueSize = 8;

    private int _sessionsClosed;

    internal void Lock(ModelSession session, string name, Wish wish)
    {
        var before = places.At(session.Node, name);
        told.Add($"{session.Name} lock {name} {wish}");
        var call = new LockCall
        {
            Space = Places.Space,
            Name = name,
            Mode = wish.Mode,
            Flags = wish.Flags,
            Deadline = wish.Deadline,
            NotifyBlocking = wish.WantsNotices,
        };
        var result = cluster[session.Node].Lock(session.Session, call, out var id);
        told[^1] += $" -> {id}";

        const RawFlags refused = RawFlags.Cancel | RawFlags.Convert | RawFlags.QueCvt | RawFlags.ConvDeadlk;
        var isBadExpedite = wish.Flags.HasFlag(RawFlags.Expedite) && (wish.Mode != LockMode.Null || wish.Flags.HasFlag(RawFlags.NoQueue));
        Expect(result, isBadExpedite || (wish.Flags & refused) != 0 ? RawResult.InvalidFlags
            : session.Count >= LocksPerSessionMax ? RawResult.TooManyLocks
            : RawResult.Accepted);
        if (result == RawResult.Accepted)
        {
            var made = new OwnedLock(id, session, name) { Pending = OperationKind.Lock, Flags = wish.Flags, Deadline = wish.Deadline };
            made.Operations.Add(new Operation(OperationKind.Lock, wish.Mode, wish.Flags, wish.WantsNotices, null));
            model.Locks.Add(id, made);
            session.Locks.Add(made);
            if (before.IsMaster)
                model.Request(session.Node, made);
            else
                deliveries.BecomeMaster(session.Node, name, before with { Owned = [.. before.Owned, id] });
        }

        comparison.AfterStep();
    }

    internal void Convert(ModelSession caller, OwnedLock owned, Wish wish)
    {
        told.Add($"{caller.Name} convert {owned.Id} {wish}");
        var call = new ConvertCall
        {
            Mode = wish.Mode,
            Flags = wish.Flags,
            Deadline = wish.Deadline,
            NotifyBlocking = wish.WantsNotices,
            GivesValue = wish.Value is not null,
            Value = Encoding.UTF8.GetBytes(wish.Value ?? ""),
        };
        var result = cluster[caller.Node].Convert(caller.Session, owned.Id, call);

        const RawFlags refused = RawFlags.Cancel | RawFlags.Expedite | RawFlags.Orphan;
        const RawFlags together = RawFlags.ConvDeadlk | RawFlags.NoQueue;
        Expect(result, !IsKnown(caller, owned) ? RawResult.UnknownLock
            : (wish.Flags & refused) != 0 || (wish.Flags & together) == together ? RawResult.InvalidFlags
            : owned.Mode is null || owned.Pending != OperationKind.None ? RawResult.Busy
            : wish.Flags.HasFlag(RawFlags.QueCvt) && !NaiveModes.MayBeStrict(owned.Mode.Value, wish.Mode) ? RawResult.InvalidConversion
            : wish.Value?.Length > ValueSize ? RawResult.ValueTooLong
            : RawResult.Accepted);
        if (result == RawResult.Accepted)
        {
            owned.Operations.Add(new Operation(OperationKind.Convert, wish.Mode, wish.Flags, wish.WantsNotices, wish.Value));
            owned.Flags = wish.Flags;
            owned.Pending = OperationKind.Convert;
            owned.Deadline = wish.Deadline;
            if (model.IsMastered(caller.Node, owned.Id))
                model.Convert(caller.Node, owned, owned.Number);
            else if (NaiveModes.IsDown(owned.Mode!.Value, wish.Mode))
                model.Granted(owned, wish.Mode, StatusFlags.None, null, owned.Token);
        }

        comparison.AfterStep();
    }

    internal void Unlock(ModelSession caller, OwnedLock owned, RawFlags flags, string? value)
    {
        told.Add($"{caller.Name} unlock {owned.Id} {flags}{(value is null ? "" : $" value={value}")}");
        var bytes = Encoding.UTF8.GetBytes(value ?? "");
        var result = cluster[caller.Node].Unlock(caller.Session, owned.Id, flags, value is not null, bytes);

        const RawFlags allowed = RawFlags.ValBlk | RawFlags.IvValBlk | RawFlags.ForceUnlock;
        var isInFlight = owned.Pending != OperationKind.None && !owned.IsConfirmed;
        Expect(result, !IsKnown(caller, owned) ? RawResult.UnknownLock
            : (flags & ~allowed) != 0 ? RawResult.InvalidFlags
            : isInFlight && !flags.HasFlag(RawFlags.ForceUnlock) ? RawResult.Busy
            : value?.Length > ValueSize ? RawResult.ValueTooLong
            : RawResult.Accepted);
        if (result == RawResult.Accepted)
            End(owned, flags, value);
        comparison.AfterStep();
    }

    internal void Cancel(ModelSession caller, OwnedLock owned)
    {
        told.Add($"{caller.Name} cancel {owned.Id}");
        var outcome = cluster[caller.Node].Cancel(caller.Session, owned.Id);

        CancelOutcome? expected = !IsKnown(caller, owned) ? CancelOutcome.NotFound
            : owned.Pending == OperationKind.None ? CancelOutcome.AlreadyGranted
            : null;
        Require.That(outcome == expected, $"the cancel said {outcome}, not {expected}");
        if (outcome is null && !owned.CancelAsked)
        {
            owned.CancelAsked = true;
            Undo(owned, RequestStatus.Cancelled);
        }

        comparison.AfterStep();
    }

    internal void Close(ModelSession session)
    {
        told.Add($"{session.Name} close");
        cluster[session.Node].CloseSession(session.Session);

        session.Close(++_sessionsClosed);
        foreach (var owned in session.NewestFirst.Where(each => !each.IsEnding))
        {
            if (owned.Mode is not null && owned.Flags.HasFlag(RawFlags.Persistent))
                Orphan(owned);
            else if (owned.Mode is LockMode.ProtectedWrite or LockMode.Exclusive)
                End(owned, RawFlags.ForceUnlock | RawFlags.IvValBlk, null);
            else
                End(owned, RawFlags.ForceUnlock, null);
        }

        comparison.AfterStep();
    }

    internal void Purge(uint node, int processId)
    {
        told.Add($"n{node} purge {processId}");
        var purged = cluster[node].Purge(Client.Space, processId);

        var expected = 0;
        foreach (var session in model.Sessions.Where(each => each.Node == node && each.IsClosed).OrderByDescending(each => each.ClosedAs))
        {
            if (processId != 0 && session.ProcessId != processId)
                continue;
            foreach (var owned in session.NewestFirst.Where(each => each.IsOrphan && !each.IsEnding))
            {
                End(owned, RawFlags.ForceUnlock | RawFlags.IvValBlk, null);
                expected++;
            }
        }

        Require.That(purged == expected, $"{purged} orphans were purged, not {expected}");
        comparison.AfterStep();
    }

    internal void Pass(TimeSpan time)
    {
        told.Add($"time {time}");
        cluster.Tick(cluster.Now + time.Ticks);

        foreach (var node in cluster.Nodes)
        {
            var late = model.Locks.Values.Where(each => each.Id.Node == node && each.Deadline > 0 && each.Deadline <= cluster.Now);
            foreach (var owned in late.OrderBy(each => each.Deadline).ThenBy(each => each.Id.Value).ToArray())
            {
                // Not if it was granted because of one that was later still.
                if (owned.Deadline == 0)
                    continue;
                owned.Deadline = 0;
                Undo(owned, RequestStatus.TimedOut);
            }
        }

        comparison.AfterStep();
    }

    private void End(OwnedLock owned, RawFlags flags, string? value)
    {
        owned.Operations.Add(new Operation(OperationKind.Unlock, default, flags, false, value));
        owned.IsEnding = true;
        owned.Deadline = 0;
        if (model.IsMastered(owned.Id.Node, owned.Id))
            model.Unlock(owned.Id.Node, owned, owned.Number);
        else if (HasLeftOwner(owned))
            model.EndUnsent(owned);
    }

    private void Undo(OwnedLock owned, RequestStatus status)
    {
        if (model.IsMastered(owned.Id.Node, owned.Id))
            model.Cancel(owned.Id.Node, owned, owned.Number, status);
        else if (HasLeftOwner(owned))
            model.UndoUnsent(owned, status);
        else
            owned.Undoing = status;
    }

    private void Orphan(OwnedLock owned)
    {
        owned.IsOrphan = true;
        owned.Deadline = 0;
        if (model.IsMastered(owned.Id.Node, owned.Id))
            model.Orphan(owned.Id.Node, owned);
    }

    /// <summary>Whether the owner's engine has let go of a lock: rightly where no master has it, and else it shows there.</summary>
    private bool HasLeftOwner(OwnedLock owned) => cluster[owned.Id.Node].Find(owned.Id) is null;

    private static bool IsKnown(ModelSession caller, OwnedLock owned) => caller == owned.Session && !owned.IsGone && !owned.IsEnding;

    private static void Expect(RawResult result, RawResult expected) =>
        Require.That(result == expected, $"the call was {result}, not {expected}");
}
