using System.Runtime.CompilerServices;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Owning;

namespace Tyer.Engine.Mastering;

/// <summary>
/// What a master tells an owner. An owner on this node shares the lock object, so it is only told that something happened; to one
/// elsewhere goes a message with what changed.
/// </summary>
/// <remarks>
/// Messages are made in methods of their own that are never inlined: a message is a large struct, and a caller that inlines one clears
/// room for it on its stack at every call, also where nothing is sent.
/// </remarks>
internal sealed class Answers(EngineCore core)
{
    internal void Granted(Lock granted, bool valueRead)
    {
        if (IsOurs(granted))
            core.Owner.Granted(granted, valueRead);
        else
            SendGranted(granted, valueRead);
    }

    /// <summary>A down-conversion was done for its owner when it asked for it: one elsewhere is not told.</summary>
    internal void DownConverted(Lock converted)
    {
        if (IsOurs(converted))
            core.Owner.Granted(converted, valueRead: false);
    }

    internal void Queued(Lock waiting)
    {
        if (IsOurs(waiting))
            waiting.Confirmed = true;
        else
            SendQueued(waiting);
    }

    internal void Denied(Lock denied, RequestStatus status, WaitReport? report)
    {
        denied.Refused = status;
        if (IsOurs(denied))
            core.Owner.Denied(denied, status, report);
        else
            SendDenied(denied, status, report);
    }

    internal void Unlocked(Lock ended)
    {
        if (IsOurs(ended))
            core.Owner.Unlocked(ended);
        else
            SendUnlocked(ended);
    }

    internal void Adopted(Lock orphan)
    {
        if (!IsOurs(orphan) && !orphan.Session.HasDeparted)
            SendAdopted(orphan);
    }

    internal void Blocking(Lock holder, LockMode wanted, Lock requester)
    {
        var waited = core.Now - requester.WaitingSince;
        if (IsOurs(holder))
            OwnerSide.Blocking(holder, new BlockingReport(wanted, requester.Session.Identity.Span, requester.Note, waited));
        else if (!holder.Session.HasDeparted)
            SendBlocking(holder, wanted, requester, waited);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendGranted(Lock granted, bool valueRead)
    {
        var message = EngineCore.About(MessageKind.Granted, granted, granted.Applied);
        message.Mode = granted.Granted;
        message.Token = granted.Token;
        message.StatusFlags = granted.StatusFlags;
        if (valueRead && granted.Copy is { } copy)
        {
            message.ValueState = copy.State;
            message.ValueVersion = copy.Version;
            message.Value = copy.Bytes;
        }

        core.Send(granted.Id.Node, message);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendQueued(Lock waiting)
    {
        var message = EngineCore.About(MessageKind.Queued, waiting, waiting.Applied);
        message.Number = (ulong)waiting.Sequence;
        core.Send(waiting.Id.Node, message);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendDenied(Lock denied, RequestStatus status, WaitReport? report)
    {
        var message = EngineCore.About(MessageKind.Denied, denied, denied.Applied);
        message.Mode = denied.Granted;
        message.Status = status;
        message.StatusFlags = denied.StatusFlags;
        message.Text = report is null ? [] : report.ToBytes();
        core.Send(denied.Id.Node, message);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendUnlocked(Lock ended) => core.Send(ended.Id.Node, EngineCore.About(MessageKind.Unlocked, ended, ended.Applied));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendAdopted(Lock orphan) => core.Send(orphan.Id.Node, EngineCore.About(MessageKind.Adopted, orphan, orphan.Applied));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SendBlocking(Lock holder, LockMode wanted, Lock requester, long waited)
    {
        var message = EngineCore.About(MessageKind.Blocking, holder, holder.Applied);
        message.Mode = wanted;
        message.Note = requester.Note;
        message.Number = (ulong)waited;
        message.Text = requester.Session.Identity.Span;
        core.Send(holder.Id.Node, message);
    }

    private bool IsOurs(Lock answered) => answered.Id.Node == core.Node;
}
