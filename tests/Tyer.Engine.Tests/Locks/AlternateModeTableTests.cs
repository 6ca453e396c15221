using Tyer.Engine.Locks;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Locks;

/// <summary>Every mode asked for beside every mode held, with each alternative, on the holder's node and on another.</summary>
public sealed class AlternateModeTableTests
{
    private const RawFlags Both = RawFlags.AltPr | RawFlags.AltCw;

    /// <summary>Row: held; column: wanted; NL CR CW PR PW EX. Written out, not taken from the code that it is to check.</summary>
    private static readonly string[] GoTogether =
    [
        "yyyyyy",
        "yyyyy-",
        "yyy---",
        "yy-y--",
        "yy----",
        "y-----",
    ];

    public static TheoryData<LockMode, RawFlags, uint> Cases =>
    [
        .. from held in LockModes.All.ToArray()
           from alternative in new[] { RawFlags.None, RawFlags.AltPr, RawFlags.AltCw, Both }
           from node in new[] { 1u, 2u }
           select (held, alternative, node),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_new_lock_is_granted_as_asked_or_else_in_its_alternative(LockMode held, RawFlags alternative, uint node)
    {
        foreach (var wanted in LockModes.All)
        {
            var cluster = new EngineCluster(nodes: 2);
            cluster.OpenLockspace(Client.Space);
            var name = cluster.NameAt(Client.Space, node: 1);
            var holder = new Client(cluster, 1, "holder");
            holder.Lock(name, held);
            var asker = new Client(cluster, node, "asker");
            // Behind NL nobody queues, so what decides is only who holds.
            var id = asker.Lock(name, wanted, alternative | RawFlags.NoQueue);
            cluster.RunToQuiet();

            var end = cluster.Events.OfType<CompletedEvent>().Single(told => told.Lock == id).Completion;

            var mode = Expected(held, wanted, alternative);
            Assert.Equal(mode is null ? RequestStatus.Again : RequestStatus.Granted, end.Status);
            Assert.Equal(mode, end.Mode);
            Assert.Equal(mode is not null && mode != wanted, end.Flags.HasFlag(StatusFlags.AlternateMode));
        }
    }

    private static LockMode? Expected(LockMode held, LockMode wanted, RawFlags alternative)
    {
        if (AreCompatible(held, wanted))
            return wanted;
        // One is tried, not both: CW only where PR is not asked for, or is what was wanted anyway.
        LockMode? other = alternative.HasFlag(RawFlags.AltPr) && wanted != LockMode.ProtectedRead ? LockMode.ProtectedRead
            : alternative.HasFlag(RawFlags.AltCw) && wanted != LockMode.ConcurrentWrite ? LockMode.ConcurrentWrite
            : null;
        return other is { } mode && AreCompatible(held, mode) ? mode : null;
    }

    private static bool AreCompatible(LockMode held, LockMode wanted) => GoTogether[(int)held][(int)wanted] == 'y';
}
