using System.Buffers.Binary;
using Tyer.Sessions;

namespace Tyer.Simulation;

/// <summary>A lock as a simulated client has it: what it asked for, and what it has been told.</summary>
internal sealed class SimLock(SimClient client, Hold hold) : ISessionLock
{
    internal Hold Hold => hold;

    public ResourceName Resource { get; } = new(hold.Resource);

    public LockId Id { get; set; }

    public uint PortKey { get; set; }

    /// <summary>What is under way and has no end yet; null: nothing is, or only the release.</summary>
    internal RequestKind? Pending { get; set; }

    internal LockMode? Granted { get; set; }

    internal LockMode? Requested { get; set; }

    /// <summary>It is to stay when its client dies.</summary>
    internal bool IsPersistent { get; set; }

    /// <summary>The client has let go of it.</summary>
    internal bool IsEnding { get; set; }

    /// <summary>Its last event has come: nothing may follow.</summary>
    internal bool HasEnded { get; set; }

    /// <summary>It waits where a deadlock would be broken (NODLCKWT): whoever chooses that is to give way himself.</summary>
    internal bool WaitsInDeadlock { get; set; }

    public void Completed(in LockCompletion completion)
    {
        if (completion.Id != default)
            Id = completion.Id;
        client.Hear(this, new SimEnd(
            completion.Kind,
            completion.Status,
            completion.Mode,
            completion.Token,
            completion.ValueState,
            completion.Value.Length >= sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(completion.Value) : null));
    }

    public void CancelAnswered(CancelOutcome outcome) => client.HearOutcome(outcome);

    public void Blocking(LockMode wanted, LockOwner requester, TimeSpan waitedFor) => client.HearBlocking();

    public void Lost(LossReason reason) => client.HearLoss(this, reason);

    // A simulated client has its own way of being slow.
    public void Deliver()
    {
    }
}

/// <summary>The end of a request, as it was told.</summary>
/// <param name="Kind">What ended.</param>
/// <param name="Status">How.</param>
/// <param name="Mode">The mode now held; null: none.</param>
/// <param name="Token">The token of the latest grant.</param>
/// <param name="ValueState">The state of the value that came along; null: none did.</param>
/// <param name="Value">The value, if it is one that a client has written.</param>
internal readonly record struct SimEnd(
    RequestKind Kind, RawStatus Status, LockMode? Mode, FencingToken Token, LockValueState? ValueState, ulong? Value);
