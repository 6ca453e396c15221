using System.Runtime.CompilerServices;
using Tyer.Engine.Locks;
using Tyer.Sessions;

namespace Tyer.Node.Sessions;

/// <summary>The engine's words for an end, in the words of the classic interface.</summary>
internal static class Statuses
{
    // Inlined for the two that are nearly always told.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static RawStatus Of(RequestStatus status) => status switch
    {
        RequestStatus.Granted => RawStatus.Ok,
        RequestStatus.Unlocked => RawStatus.Unlocked,
        _ => OfOther(status),
    };

    private static RawStatus OfOther(RequestStatus status) => status switch
    {
        RequestStatus.Again => RawStatus.Again,
        RequestStatus.Deadlock => RawStatus.Deadlock,
        RequestStatus.Cancelled => RawStatus.Cancelled,
        RequestStatus.TimedOut => RawStatus.TimedOut,
        RequestStatus.QueueFull => RawStatus.Refused,
        RequestStatus.NotFound => RawStatus.NotFound,
        RequestStatus.NoQuorum => RawStatus.NoQuorum,
        RequestStatus.Unavailable => RawStatus.Unavailable,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "no such status"),
    };

    internal static WaitInformation Of(WaitReport report, ResourceName resource)
    {
        var holders = new LockEntry[report.Holders.Count];
        for (var index = 0; index < holders.Length; index++)
        {
            var holder = report.Holders[index];
            var (owner, purpose) = NoteCodec.Describe(holder.Identity.Span, holder.Note.Span);
            holders[index] = new LockEntry
            {
                Resource = resource,
                Id = holder.Id,
                Owner = owner,
                Granted = holder.Mode,
                HeldFor = TimeSpan.FromTicks(holder.HeldFor),
                Token = holder.Token,
                Purpose = purpose,
                IsOrphan = holder.IsOrphan,
            };
        }

        return new WaitInformation(report.Position, holders, report.HolderCount);
    }
}
