namespace Tyer.Engine.Directory;

/// <summary>
/// Which node is the directory node of a name: 4096 slots by the top bits of the name's hash, each slot given to a node by
/// rendezvous. Integers only, so that every machine computes the same table; a membership change moves only the slots
/// that the departed served, and to a joiner only those that it wins.
/// </summary>
public sealed class Placement
{
    /// <summary>Number of slots. A power of two: a slot is the top 12 bits of a hash.</summary>
    public const int Slots = 4096;

    /// <summary>Most tickets a node may have in the draw.</summary>
    public const int WeightMax = 16;

    private const int SlotShift = 64 - 12;

    private readonly ushort[] _nodes;

    private Placement(ushort[] nodes) => _nodes = nodes;

    /// <summary>The table for these members. Where all weights are 0 everybody has one ticket.</summary>
    /// <param name="members">Node ids and weights (0 to 16), in any order; at least one.</param>
    public static Placement Of(IReadOnlyList<EngineMember> members)
    {
        Invariant.Check(members.Count > 0, "a view has a member");
        var allZero = true;
        foreach (var member in members)
            allZero &= member.Weight == 0;
        // As an array: it is walked once for each slot.
        EngineMember[] drawn = [.. members];
        var nodes = new ushort[Slots];
        for (var slot = 0; slot < Slots; slot++)
            nodes[slot] = (ushort)Winner(slot, drawn, allZero);
        return new Placement(nodes);
    }

    /// <summary>The slot of a name in a lockspace. Lockspaces are spread: one name used in all of them is not one node's burden.</summary>
    public static ushort SlotOf(ulong hash) => (ushort)(hash >> SlotShift);

    /// <summary>The hash that places a name: the name's own and the lockspace's, mixed.</summary>
    public static ulong HashOf(uint space, ulong nameHash) => Mix(nameHash ^ (space * 0x9E3779B97F4A7C15UL));

    /// <summary>The directory node of a slot.</summary>
    public uint NodeOf(ushort slot) => _nodes[slot];

    /// <summary>Who would be directory node of a slot if it were for the members without these two; 0: there are no others.</summary>
    internal static uint FirstBut(ushort slot, IReadOnlyList<EngineMember> members, uint one, uint other)
    {
        EngineMember[] drawn = [.. members.Where(member => member.Node != one && member.Node != other)];
        return Winner(slot, drawn, allZero: drawn.All(member => member.Weight == 0));
    }

    private static uint Winner(int slot, EngineMember[] members, bool allZero)
    {
        uint winner = 0;
        ulong highest = 0;
        foreach (var member in members)
        {
            var tickets = allZero ? 1 : member.Weight;
            for (var ticket = 0; ticket < tickets; ticket++)
            {
                var score = Mix(((ulong)slot << 32) | ((ulong)member.Node << 8) | (uint)ticket);
                // Equal scores: the smaller node id, whatever the order of the list.
                if (winner == 0 || score > highest || (score == highest && member.Node < winner))
                {
                    highest = score;
                    winner = member.Node;
                }
            }
        }

        return winner;
    }

    /// <summary>A bijection on 64 bits that lets every input bit change every output bit (the finalizer of SplitMix64).</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}
