namespace Tyer.Engine.Tests.Truth;

/// <summary>Something that Tyer does not do as the kernel does, on purpose.</summary>
/// <param name="Name">As <c>docs/semantics.md</c> lists it.</param>
/// <param name="Reason">Why, in a line.</param>
/// <param name="Rule">How a line of the kernel becomes Tyer's. <see cref="Translation"/> applies it.</param>
internal sealed record Difference(string Name, string Reason, string Rule);

/// <summary>All deliberate differences. What is not here is equal.</summary>
internal static class Differences
{
    internal static readonly Difference CancelDoesNotStick = new(
        "A cancel does not stick",
        "The kernel adds the flag to the lock's and then refuses every cancel up to the next conversion; to cancel nothing is harmless.",
        "An EINVAL for a cancel without further flags, of a lock whose last conversion was cancelled, becomes `nothing`.");

    internal static readonly Difference OneEnd = new(
        "Every request has its own end",
        "A caller that waits for its request must hear of it, not only whoever unlocked.",
        "An UNLOCK of a lock that waits has a CANCEL line before it, with the mode last told.");

    internal static readonly Difference AlternateModesAreTold = new(
        "An alternate mode is told to every owner",
        "A kernel owner whose master is elsewhere believes that it got what it asked for when a conversion is granted at once.",
        "The mode behind `master=` is the mode told, and counts as told from then on.");

    internal static readonly Difference MarkEndsWithLocks = new(
        "An invalid mark goes with the last lock",
        "The mark is about the value, which goes then; how long an unused resource is remembered must not decide what a lock reports.",
        "When a resource's last lock ends, its mark is cleared.");

    internal static readonly Difference MarkIsToldWithoutBytes = new(
        "An invalid mark is told even where nothing was ever written",
        "The mark says that a writer died or gave up; a reader must hear that before anybody has written, too.",
        "A change of mode that reads, with VALBLK, reports VALNOTVALID if the resource is marked, with or without a value.");

    internal static readonly Difference UnlockWrites = new(
        "An unlock writes the value it was given",
        "In the kernel it depends on earlier calls and on where the master is whether nothing, zeros or the value is written.",
        "An unlock with VALBLK, from PW or EX, of a lock that had no buffer writes the buffer of the call.");

    internal static readonly Difference GrantedOrder = new(
        "Granted queues list the oldest grant first",
        "The kernel's order depends on modes that conversions left behind; it means nothing.",
        "The entries of a `granted` line are compared as a set.");

    internal static readonly Difference NoticesOnce = new(
        "A notice that adds nothing is not repeated",
        "Kernels before 6.12 say it again once the earlier one has been read.",
        "In programs of kernel 6.1 a blocking line goes that follows, for its lock, on one for the same mode or a higher one above PR.");

    internal static IReadOnlyList<Difference> All { get; } =
    [
        CancelDoesNotStick,
        OneEnd,
        AlternateModesAreTold,
        MarkEndsWithLocks,
        MarkIsToldWithoutBytes,
        UnlockWrites,
        GrantedOrder,
        NoticesOnce,
    ];
}
