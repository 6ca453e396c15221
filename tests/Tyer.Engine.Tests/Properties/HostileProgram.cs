using FsCheck;
using FsCheck.Fluent;
using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Hashing;

namespace Tyer.Engine.Tests.Properties;

/// <summary>One step: two well-behaved nodes do something, or a third sends them something that it makes up.</summary>
/// <param name="Call">What a well-behaved session does, if anything.</param>
/// <param name="To">To which node the stranger writes.</param>
/// <param name="Bytes">What it writes; empty: a message that went between the two is taken, number <paramref name="Copied"/>.</param>
/// <param name="Copied">Which message is taken, of those that were sent so far.</param>
/// <param name="Changes">Bytes to change in it: where, and to what.</param>
internal sealed record HostileStep(Step? Call, uint To, byte[] Bytes, int Copied, (int Where, byte What)[] Changes);

/// <summary>A program for two nodes that keep to the protocol and a third that does not.</summary>
internal sealed record HostileProgram(HostileStep[] Steps)
{
    /// <summary>The stranger's node.</summary>
    internal const uint Stranger = 3;

    private static readonly MessageKind[] Kinds = [.. Enum.GetValues<MessageKind>().Where(kind => kind != MessageKind.None)];

    internal static Arbitrary<HostileProgram> Arbitrary(int stepsMax)
    {
        var programs =
            from length in Gen.Choose(1, stepsMax)
            from steps in Gen.ArrayOf(OneStep, length)
            select new HostileProgram(steps);
        return Arb.From(programs, Shrink);
    }

    public override string ToString() => string.Join('\n', Steps.Select(step => step.Call is { } call
        ? $"  {call}"
        : $"  to n{step.To}: {Convert.ToHexString(step.Bytes)} copy {step.Copied} change {string.Join(' ', step.Changes)}"));

    private static Gen<HostileStep> OneStep => Gen.Frequency(
        (40, LockProgram.OneStep.Select(step => new HostileStep(step, 0, [], 0, []))),
        (5, Sent(Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf())),
        (35, Sent(MadeUp)),
        (20, from to in Gen.Choose(1, 2)
             from copied in Gen.Choose(0, int.MaxValue)
             from changes in Gen.Choose(0, 200).Zip(Gen.Choose(0, 255)).ArrayOf()
             select new HostileStep(null, (uint)to, [], copied, [.. changes.Take(4).Select(change => (change.Item1, (byte)change.Item2))])));

    /// <summary>A message of the right form, with parts at random: ids and names are mostly such as there are.</summary>
    private static Gen<byte[]> MadeUp =>
        from kind in Gen.Elements(Kinds)
        from name in Gen.Elements("r1", "r2", "r3", "x", "y")
        from owner in Gen.Frequency((3, Gen.Constant((int)Stranger)), (2, Gen.Choose(1, 2)), (1, Gen.Choose(1, 1023)))
        from number in Gen.Choose(1, 12)
        from operation in Gen.Choose(0, 4)
        from mode in Gen.Choose(-1, 5)
        from flags in Gen.Frequency(
            (2, Gen.Constant(0)), (2, Gen.Choose(0, 18).Select(bit => 1 << bit)), (1, Gen.Choose(int.MinValue, int.MaxValue)))
        from node in Gen.Choose(0, 5)
        from count in Gen.Elements(0UL, 1UL, 7UL, 1UL << 40, ulong.MaxValue)
        from status in Gen.Choose(0, (int)RequestStatusRange.Last)
        from state in Gen.Choose(-1, 2)
        from length in Gen.Elements(0, 1, 8, 9, 200, Limits.ValueBytesMax)
        select Bytes(new Message
        {
            Kind = kind,
            Slot = Placement.SlotOf(HashOf(name)),
            Space = Places.Space,
            Name = System.Text.Encoding.UTF8.GetBytes(name),
            Lock = LockId.Create((uint)owner, (ulong)number),
            Operation = (uint)operation,
            Mode = mode < 0 ? null : (LockMode)mode,
            Flags = (RawFlags)flags,
            Session = (uint)node,
            Node = (uint)node,
            Number = count,
            Token = new FencingToken(count, count),
            Status = (RequestStatus)status,
            StatusFlags = (StatusFlags)node,
            ValueState = state < 0 ? null : (LockValueState)state,
            Value = new byte[length],
            Process = node,
            Text = new byte[length],
        });

    private static Gen<HostileStep> Sent(Gen<byte[]> contents) =>
        from to in Gen.Choose(1, 2)
        from bytes in contents
        select new HostileStep(null, (uint)to, bytes.Length == 0 ? [0] : bytes, 0, []);

    private static byte[] Bytes(in Message message)
    {
        var bytes = new byte[MessageCodec.LengthMax];
        return bytes[..MessageCodec.Write(message, bytes)];
    }

    private static ulong HashOf(string name) => Placement.HashOf(Places.Space, XxHash64.Hash(System.Text.Encoding.UTF8.GetBytes(name)));

    private static IEnumerable<HostileProgram> Shrink(HostileProgram program)
    {
        var steps = program.Steps;
        for (var length = steps.Length / 2; length > 0; length /= 2)
        {
            for (var start = 0; start + length <= steps.Length; start += length)
                yield return new HostileProgram([.. steps[..start], .. steps[(start + length)..]]);
        }
    }
}
