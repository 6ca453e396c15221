using Tyer.Engine.Locks;

namespace Tyer.Engine.Tests.Properties;

/// <summary>A lock as its master has it.</summary>
internal sealed class ModelLock(LockId id, string identity)
{
    internal LockId Id { get; } = id;

    internal string Identity { get; } = identity;

    internal LockMode? Held { get; set; }

    internal LockMode? Wanted { get; set; }

    internal RawFlags Flags { get; set; }

    internal bool WantsNotices { get; set; }

    internal LockMode NoticedOf { get; set; }

    internal StatusFlags Status { get; set; }

    internal string? Given { get; set; }

    internal uint Operation { get; set; }

    internal bool IsOrphan { get; set; }

    internal bool Has(RawFlags flag) => (Flags & flag) != 0;
}

/// <summary>What a master answers; to whom is plain from the lock.</summary>
internal readonly record struct Answer(
    AnswerKind Kind,
    ModelLock Lock,
    LockMode? Mode = null,
    RequestStatus Status = default,
    StatusFlags Flags = default,
    string? Value = null,
    string? By = null);

internal enum AnswerKind
{
    Granted,
    DownConverted,
    Queued,
    Denied,
    Unlocked,
    Blocking,
    Adopted,
}

/// <summary>
/// The rules of one mastered resource, written down as the field tells them and as simply as possible: three lists that are walked each
/// time. Given the operations in the order in which the master takes them, it says what the master answers.
/// </summary>
/// <remarks>The rules that are often got wrong are virtual, to be got wrong on purpose: see <see cref="WrongRulesTests"/>.</remarks>
internal class ResourceModel(int queueLengthMax)
{
    private string? _value;
    private bool _isInvalid;

    internal List<ModelLock> Granted { get; } = [];

    internal List<ModelLock> Converting { get; } = [];

    internal List<ModelLock> Waiting { get; } = [];

    internal List<Answer> Answers { get; } = [];

    internal bool IsEmpty => Granted.Count + Converting.Count + Waiting.Count == 0;

    internal void Request(ModelLock asker)
    {
        if (asker.Has(RawFlags.Orphan))
        {
            Adopt(asker);
            return;
        }

        switch (Decide(asker, isNew: true))
        {
            case Verdict.Grant:
                Grant(asker);
                break;
            case var _ when asker.Has(RawFlags.NoQueue):
                Answers.Add(new Answer(AnswerKind.Denied, asker, null, RequestStatus.Again));
                if (asker.Has(RawFlags.NoQueueBast))
                    NotifyBlockersOf(asker, Granted.Concat(Converting));
                break;
            case var _ when Waiting.Count >= queueLengthMax:
                Answers.Add(new Answer(AnswerKind.Denied, asker, null, RequestStatus.QueueFull));
                break;
            default:
                Enqueue(asker, Waiting);
                break;
        }
    }

    internal void Convert(ModelLock asker)
    {
        var verdict = Decide(asker, isNew: true);
        if (verdict == Verdict.Deadlock && !asker.Has(RawFlags.NoDlckWt))
        {
            asker.Wanted = null;
            Answers.Add(new Answer(AnswerKind.Denied, asker, asker.Held, RequestStatus.Deadlock));
            return;
        }

        if (verdict == Verdict.Wait && asker.Status.HasFlag(StatusFlags.Demoted))
        {
            GrantConversions();
            if (MayHave(asker, isNew: true))
                verdict = Verdict.Grant;
        }

        if (verdict == Verdict.Grant)
        {
            Grant(asker);
            Pass();
        }
        else if (asker.Has(RawFlags.NoQueue))
        {
            Answers.Add(new Answer(AnswerKind.Denied, asker, asker.Held, RequestStatus.Again));
            if (asker.Has(RawFlags.NoQueueBast))
                NotifyBlockersOf(asker, Granted.Concat(Converting));
            asker.Wanted = null;
        }
        else
        {
            Granted.Remove(asker);
            Enqueue(asker, Converting);
        }
    }

    internal void Unlock(ModelLock ended)
    {
        if (ended.Held is LockMode.ProtectedWrite or LockMode.Exclusive)
            Write(ended);
        Remove(ended);
        Answers.Add(new Answer(AnswerKind.Unlocked, ended));
        Pass();
    }

    internal void Cancel(ModelLock waiting, uint operation, RequestStatus status)
    {
        if (Granted.Contains(waiting) || waiting.Operation != operation)
            return;
        Remove(waiting);
        waiting.Wanted = null;
        waiting.Status = StatusFlags.None;
        if (waiting.Held is not null)
            Granted.Add(waiting);
        Answers.Add(new Answer(AnswerKind.Denied, waiting, waiting.Held, status));
        Pass();
    }

    internal void Orphan(ModelLock left)
    {
        left.IsOrphan = true;
        Cancel(left, left.Operation, RequestStatus.Cancelled);
    }

    /// <summary>The value as it is compared; null: never written.</summary>
    internal string? Read() => _value is null && !_isInvalid ? null : $"{_value}{(_isInvalid ? " invalid" : "")}";

    /// <summary>The place of a waiting lock: 1 = next.</summary>
    internal int PositionOf(ModelLock waiting) => Converting.Concat(Waiting).ToList().IndexOf(waiting) + 1;

    internal int HoldersAgainst(ModelLock asker) =>
        Granted.Concat(Converting).Count(other => other != asker && !NaiveModes.GoTogether(other.Held!.Value, asker.Wanted!.Value));

    protected enum Verdict
    {
        Grant,
        Wait,
        Deadlock,
    }

    /// <summary>Whether two modes may be held beside each other.</summary>
    protected virtual bool GoTogether(LockMode held, LockMode wanted) => NaiveModes.GoTogether(held, wanted);

    /// <summary>Whether a converting lock still holds its old mode.</summary>
    protected virtual bool ConvertersHold => true;

    /// <summary>Whether a conversion just made goes past those that wait.</summary>
    protected virtual bool ConversionsOvertake => true;

    /// <summary>Whether new requests wait while a conversion does.</summary>
    protected virtual bool ConversionsGoFirst => true;

    /// <summary>Whether a new request waits behind those of its kind.</summary>
    protected virtual bool RequestsQueueUp => true;

    /// <summary>Whether a conversion is a deadlock, given that it cannot be granted.</summary>
    protected virtual bool IsDeadlock(ModelLock asker)
    {
        var place = Converting.IndexOf(asker);
        for (var index = 0; index < Converting.Count; index++)
        {
            var other = Converting[index];
            if (other == asker || GoTogether(asker.Held!.Value, other.Wanted!.Value))
                continue;
            var isAhead = place < 0 || index < place;
            if (isAhead || !GoTogether(other.Held!.Value, asker.Wanted!.Value))
                return true;
        }

        return false;
    }

    /// <summary>Whether a notice is due to a holder, for somebody who has just been blocked.</summary>
    protected virtual bool IsDue(ModelLock holder, LockMode wanted)
    {
        if ((holder.Held, wanted)
            is (LockMode.ProtectedRead, LockMode.ConcurrentWrite)
            or (LockMode.ConcurrentWrite, LockMode.ProtectedRead))
            return holder.NoticedOf < LockMode.Exclusive;
        return holder.NoticedOf < wanted && !GoTogether(holder.Held!.Value, wanted);
    }

    /// <summary>Whether a change of modes writes, reads, or only tells.</summary>
    protected virtual char ValueActionOf(LockMode? from, LockMode to) => NaiveModes.ValueAction(from, to);

    private Verdict Decide(ModelLock asker, bool isNew)
    {
        if (MayHave(asker, isNew))
            return Verdict.Grant;
        if (asker.Held is not null && !asker.Has(RawFlags.NoQueue) && IsDeadlock(asker))
        {
            if (!asker.Has(RawFlags.ConvDeadlk))
                return Verdict.Deadlock;
            asker.Held = LockMode.Null;
            asker.Status |= StatusFlags.Demoted;
            return Verdict.Wait;
        }

        var wanted = asker.Wanted;
        if (asker.Has(RawFlags.AltPr) && wanted != LockMode.ProtectedRead)
            asker.Wanted = LockMode.ProtectedRead;
        else if (asker.Has(RawFlags.AltCw) && wanted != LockMode.ConcurrentWrite)
            asker.Wanted = LockMode.ConcurrentWrite;
        if (asker.Wanted != wanted && MayHave(asker, isNew))
        {
            asker.Status |= StatusFlags.AlternateMode;
            return Verdict.Grant;
        }

        asker.Wanted = wanted;
        return Verdict.Wait;
    }

    private bool MayHave(ModelLock asker, bool isNew)
    {
        var wanted = asker.Wanted!.Value;
        if (asker.Has(RawFlags.Expedite))
            return true;
        if (Granted.Any(other => other != asker && !GoTogether(other.Held!.Value, wanted)))
            return false;
        if (ConvertersHold && Converting.Any(other => other != asker && !GoTogether(other.Held!.Value, wanted)))
            return false;
        var converts = asker.Held is not null;
        if (isNew && converts && !asker.Has(RawFlags.QueCvt))
            return ConversionsOvertake || Converting.Count == 0;
        if (isNew && converts)
            return Converting.Count == 0;
        if (asker.Has(RawFlags.NoOrder))
            return true;
        if (converts)
            return Converting[0] == asker;
        if (ConversionsGoFirst && Converting.Count > 0)
            return false;
        return !RequestsQueueUp || (isNew ? Waiting.Count == 0 : Waiting[0] == asker);
    }

    private void Grant(ModelLock granted)
    {
        var (from, to) = (granted.Held, granted.Wanted!.Value);
        // As was asked: an alternate mode that is lower than the old one is a grant like any other.
        var isDown = from is { } held && NaiveModes.IsDown(held, to) && !granted.Status.HasFlag(StatusFlags.AlternateMode);
        var read = Transfer(granted, from, to);
        if (!Granted.Contains(granted) || from != to)
        {
            Remove(granted);
            Granted.Add(granted);
        }

        granted.Held = to;
        granted.Wanted = null;
        granted.NoticedOf = LockMode.Null;
        var kind = isDown ? AnswerKind.DownConverted : AnswerKind.Granted;
        Answers.Add(new Answer(kind, granted, to, RequestStatus.Granted, granted.Status, read));
    }

    private string? Transfer(ModelLock granted, LockMode? from, LockMode to)
    {
        var action = ValueActionOf(from, to);
        if (action == 'W')
            return Write(granted);
        if (_isInvalid && (action == '.' || granted.Has(RawFlags.ValBlk)))
            granted.Status |= StatusFlags.ValueNotValid;
        return action == 'R' && granted.Has(RawFlags.ValBlk) ? Read() : null;
    }

    private string? Write(ModelLock writer)
    {
        if (writer.Has(RawFlags.IvValBlk))
        {
            _isInvalid = true;
            return null;
        }

        if (!writer.Has(RawFlags.ValBlk) || writer.Given is null)
            return null;
        _value = writer.Given;
        _isInvalid = false;
        return _value;
    }

    private void Pass()
    {
        var (highest, concurrentWrite) = GrantConversions();
        foreach (var waiting in Waiting.ToArray())
        {
            if (Decide(waiting, isNew: false) == Verdict.Grant)
            {
                Grant(waiting);
                continue;
            }

            highest = Max(highest, waiting.Wanted);
            concurrentWrite |= waiting.Wanted == LockMode.ConcurrentWrite;
        }

        if (highest is { } high)
            NotifyHolders(high, concurrentWrite);
        if (IsEmpty)
        {
            _value = null;
            _isInvalid = false;
        }
    }

    private (LockMode? Highest, bool ConcurrentWrite) GrantConversions()
    {
        var restartedForDemotion = false;
        while (true)
        {
            LockMode? highest = null;
            bool concurrentWrite = false, granted = false, demoted = false;
            foreach (var converting in Converting.ToArray())
            {
                var wasDemoted = converting.Status.HasFlag(StatusFlags.Demoted);
                var verdict = Decide(converting, isNew: false);
                if (verdict == Verdict.Grant)
                {
                    Grant(converting);
                    granted = true;
                }
                else if (!wasDemoted && converting.Status.HasFlag(StatusFlags.Demoted))
                {
                    demoted = true;
                }
                else if (verdict == Verdict.Deadlock)
                {
                    if (converting.Has(RawFlags.NoDlckWt) && converting.WantsNotices && converting.NoticedOf < converting.Wanted)
                        Notify(converting, converting.Wanted!.Value, converting);
                }
                else
                {
                    highest = Max(highest, converting.Wanted);
                    concurrentWrite |= converting.Wanted == LockMode.ConcurrentWrite;
                }
            }

            if (granted)
                continue;
            if (!demoted || restartedForDemotion)
                return (highest, concurrentWrite);
            restartedForDemotion = true;
        }
    }

    private void NotifyHolders(LockMode highest, bool concurrentWrite)
    {
        foreach (var holder in Granted.Where(holder => holder.WantsNotices).ToArray())
        {
            var stopsWrite = concurrentWrite && holder.Held == LockMode.ProtectedRead;
            var due = stopsWrite
                ? holder.NoticedOf < LockMode.Exclusive
                : holder.NoticedOf < highest && !GoTogether(holder.Held!.Value, highest);
            if (!due)
                continue;
            var told = stopsWrite && highest == LockMode.ProtectedRead ? LockMode.ConcurrentWrite : highest;
            Notify(holder, told, Converting.Concat(Waiting).First(each => each.Wanted == told));
            holder.NoticedOf = highest;
        }
    }

    private void NotifyBlockersOf(ModelLock blocked, IEnumerable<ModelLock> holders)
    {
        var wanted = blocked.Wanted!.Value;
        foreach (var holder in holders.Where(holder => holder != blocked && holder.WantsNotices && IsDue(holder, wanted)).ToArray())
            Notify(holder, wanted, blocked);
    }

    private void Notify(ModelLock holder, LockMode wanted, ModelLock by)
    {
        holder.NoticedOf = wanted;
        Answers.Add(new Answer(AnswerKind.Blocking, holder, wanted, By: by.Identity));
    }

    private void Enqueue(ModelLock asker, List<ModelLock> queue)
    {
        queue.Insert(asker.Has(RawFlags.HeadQue) ? 0 : queue.Count, asker);
        Answers.Add(new Answer(AnswerKind.Queued, asker));
        NotifyBlockersOf(asker, Granted);
    }

    private void Adopt(ModelLock asker)
    {
        var orphans = Granted.Where(each => each.IsOrphan).ToArray();
        if (orphans.FirstOrDefault(each => each.Held == asker.Wanted) is not { } orphan)
        {
            Answers.Add(new Answer(AnswerKind.Denied, asker, null, orphans.Length > 0 ? RequestStatus.Again : RequestStatus.NotFound));
            return;
        }

        Granted.Remove(orphan);
        Grant(asker);
        Answers.Add(new Answer(AnswerKind.Adopted, orphan));
    }

    private void Remove(ModelLock removed)
    {
        Granted.Remove(removed);
        Converting.Remove(removed);
        Waiting.Remove(removed);
    }

    private static LockMode? Max(LockMode? one, LockMode? other) => one is null || other > one ? other ?? one : one;
}
