using Tyer.Engine.Locks;
using Tyer.Engine.Messages;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// The whole cluster as the model has it: at each master the queues of <see cref="ResourceModel"/>, at each owner what its locks have been
/// told. It is handed the operations as a master takes them and the answers as an owner gets them, and says what is to be seen. How the
/// way to the master is found it does not know.
/// </summary>
internal sealed class ClusterModel(Func<ResourceModel> newModel)
{
    private readonly Dictionary<(uint Node, string Resource), ResourceModel> _masters = [];
    private readonly Dictionary<(uint Node, LockId Lock), ModelLock> _mastered = [];

    /// <summary>All sessions there ever were, in the order of their opening.</summary>
    internal List<ModelSession> Sessions { get; } = [];

    /// <summary>All locks there ever were, by their ids and in the order of their making.</summary>
    internal OrderedDictionary<LockId, OwnedLock> Locks { get; } = [];

    /// <summary>What is to be seen of the present step.</summary>
    internal List<Seen> Expected { get; } = [];

    internal IEnumerable<(uint Node, string Resource, ResourceModel Model)> Masters =>
        _masters.Select(each => (each.Key.Node, each.Key.Resource, each.Value));

    internal bool IsMastered(uint node, LockId id) => _mastered.ContainsKey((node, id));

    internal bool IsMastered(LockId id) => _mastered.Keys.Any(key => key.Lock == id);

    internal void BeginMaster(uint node, string resource) => _masters.Add((node, resource), newModel());

    internal void EndMaster(uint node, string resource) => _masters.Remove((node, resource));

    // The master takes an operation.

    internal void Request(uint node, OwnedLock owned)
    {
        var operation = owned.Operations[0];
        var asker = new ModelLock(owned.Id, owned.Session.Name)
        {
            Wanted = operation.Mode,
            Flags = operation.Flags,
            WantsNotices = operation.WantsNotices,
            Operation = 1,
        };
        _mastered.Add((node, owned.Id), asker);
        Act(node, owned, model => model.Request(asker));
    }

    internal void Convert(uint node, OwnedLock owned, uint number)
    {
        var operation = owned.Operations[(int)number - 1];
        var asker = _mastered[(node, owned.Id)];
        asker.Wanted = operation.Mode;
        asker.Flags = operation.Flags;
        asker.WantsNotices = operation.WantsNotices;
        asker.Given = operation.Given;
        asker.Status = StatusFlags.None;
        asker.Operation = number;
        Act(node, owned, model => model.Convert(asker));
    }

    internal void Unlock(uint node, OwnedLock owned, uint number)
    {
        var ended = _mastered[(node, owned.Id)];
        // The master of a lock that ended where it was made is told to forget it, and no more.
        var operation = owned.EndedUnsent
            ? new Operation(OperationKind.Unlock, default, RawFlags.ForceUnlock, false, null)
            : owned.Operations[(int)number - 1];
        ended.Flags |= operation.Flags;
        ended.Given = operation.Given;
        ended.Operation = number;
        Act(node, owned, model => model.Unlock(ended));
    }

    internal void Cancel(uint node, OwnedLock owned, uint number, RequestStatus status) =>
        Act(node, owned, model => model.Cancel(_mastered[(node, owned.Id)], number, status));

    internal void Orphan(uint node, OwnedLock owned) => Act(node, owned, model => model.Orphan(_mastered[(node, owned.Id)]));

    // The owner gets an answer.

    internal void Granted(OwnedLock owned, LockMode mode, StatusFlags flags, string? value, FencingToken token)
    {
        owned.Mode = mode;
        Complete(owned, RequestStatus.Granted, flags, value, token);
    }

    internal void Denied(OwnedLock owned, LockMode? keeps, RequestStatus status, StatusFlags flags, string? report)
    {
        owned.Mode = keeps;
        Complete(owned, status, flags, report, default);
        if (keeps is null && !owned.IsEnding)
            owned.IsGone = true;
    }

    internal void Unlocked(OwnedLock owned)
    {
        if (owned.Pending != OperationKind.None)
        {
            owned.Mode = owned.ToldMode;
            Complete(owned, RequestStatus.Cancelled, StatusFlags.None, null, default);
        }

        owned.IsGone = true;
        owned.Mode = null;
        if (owned.HasSession)
            Expected.Add(new Seen(SeenWhat.Told, owned.Id.Node, owned.Id, (int)OperationKind.Unlock, null, RequestStatus.Unlocked));
    }

    /// <summary>A request that no master has taken in ends where it was made.</summary>
    internal void EndUnsent(OwnedLock owned)
    {
        owned.EndedUnsent = true;
        Unlocked(owned);
    }

    /// <inheritdoc cref="EndUnsent"/>
    internal void UndoUnsent(OwnedLock owned, RequestStatus status)
    {
        owned.EndedUnsent = true;
        Denied(owned, null, status, StatusFlags.None, null);
    }

    internal void Blocking(OwnedLock owned, LockMode wanted, string by)
    {
        if (!owned.HasSession)
            return;
        if (owned.ToldMode is { } told && NaiveModes.GoTogether(told, wanted))
            return;
        if (owned.LastNotice is { } last && (last == wanted || (last > wanted && last > LockMode.ProtectedRead)))
            return;
        owned.LastNotice = wanted;
        Expected.Add(new Seen(SeenWhat.ToldBlocking, owned.Id.Node, owned.Id, 0, wanted, Detail: by));
    }

    private void Act(uint node, OwnedLock owned, Action<ResourceModel> act)
    {
        var model = _masters[(node, owned.Resource)];
        // Asked before the model acts: a report is of the time before.
        var report = _mastered.TryGetValue((node, owned.Id), out var reported) && reported.Wanted is not null
            ? Observer.TextOf(model.PositionOf(reported), model.HoldersAgainst(reported))
            : null;
        act(model);
        foreach (var answer in model.Answers)
            Tell(node, answer, report);
        model.Answers.Clear();
    }

    private void Tell(uint node, Answer answer, string? report)
    {
        var owned = Locks[answer.Lock.Id];
        var isOurs = owned.Id.Node == node;
        var isDead = answer.Kind is AnswerKind.Unlocked or AnswerKind.Adopted || (answer.Kind == AnswerKind.Denied && answer.Mode is null);
        if (isDead)
            _mastered.Remove((node, owned.Id));
        var reported = answer.Status is RequestStatus.TimedOut or RequestStatus.Deadlock ? report : null;
        switch (answer.Kind)
        {
            case AnswerKind.Granted when isOurs:
                Granted(owned, answer.Mode!.Value, answer.Flags, answer.Value, default);
                break;
            case AnswerKind.DownConverted when isOurs:
                Granted(owned, answer.Mode!.Value, answer.Flags, null, owned.Token);
                break;
            case AnswerKind.Granted:
                Sent(MessageKind.Granted, answer.Value);
                break;
            case AnswerKind.Queued when isOurs:
                owned.IsConfirmed = true;
                break;
            case AnswerKind.Queued:
                Sent(MessageKind.Queued, null);
                break;
            case AnswerKind.Denied when isOurs:
                Denied(owned, answer.Mode, answer.Status, answer.Flags, reported);
                break;
            case AnswerKind.Denied:
                Sent(MessageKind.Denied, reported);
                break;
            case AnswerKind.Unlocked when isOurs:
                Unlocked(owned);
                break;
            case AnswerKind.Unlocked:
                Sent(MessageKind.Unlocked, null);
                break;
            case AnswerKind.Blocking when isOurs:
                Blocking(owned, answer.Mode!.Value, answer.By!);
                break;
            case AnswerKind.Blocking:
                Sent(MessageKind.Blocking, answer.By);
                break;
            case AnswerKind.Adopted when isOurs:
                owned.IsGone = true;
                break;
            case AnswerKind.Adopted:
                Sent(MessageKind.Adopted, null);
                break;
        }

        void Sent(MessageKind kind, string? detail) =>
            Expected.Add(new Seen(SeenWhat.Sent, owned.Id.Node, owned.Id, (int)kind, answer.Mode, answer.Status, answer.Flags, detail));
    }

    private void Complete(OwnedLock owned, RequestStatus status, StatusFlags flags, string? detail, FencingToken token)
    {
        var kind = owned.Pending;
        var cancelAsked = owned.CancelAsked;
        owned.Pending = OperationKind.None;
        owned.IsConfirmed = false;
        owned.CancelAsked = false;
        owned.Undoing = null;
        owned.Deadline = 0;
        owned.ToldMode = owned.Mode;
        owned.LastNotice = null;
        if (!owned.HasSession)
            return;
        Expected.Add(new Seen(SeenWhat.Told, owned.Id.Node, owned.Id, (int)kind, owned.Mode, status, flags, detail) { Token = token });
        if (!cancelAsked)
            return;
        var outcome = status switch
        {
            RequestStatus.Granted => CancelOutcome.AlreadyGranted,
            RequestStatus.Cancelled or RequestStatus.TimedOut => CancelOutcome.Cancelled,
            _ => CancelOutcome.NotFound,
        };
        Expected.Add(new Seen(SeenWhat.CancelAnswered, owned.Id.Node, owned.Id, (int)outcome));
    }
}
