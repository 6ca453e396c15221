using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Tyer.Engine.Recovery;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Recovery;

/// <summary>One engine, node 1, among members that only say what a test makes them say; what it writes to them is thrown away.</summary>
internal sealed class LoneEngine : IPeerSender
{
    internal const uint Space = 1;

    private readonly List<EngineEvent> _events = [];
    private readonly List<(RecoveryMarker Marker, ulong View)> _announced = [];

    internal LoneEngine()
    {
        Engine = new LockEngine(new EngineOptions { Node = 1 }, this);
        Engine.OpenLockspace(Space, new LockspaceSettings(ValueSize: 64, QueueLengthMax: 10, LocksPerSessionMax: 100));
        Session = Engine.OpenSession(1, [], 0, new EventRecorder(1, _events));
    }

    internal LockEngine Engine { get; }

    internal Session Session { get; }

    internal IReadOnlyList<(RecoveryMarker Marker, ulong View)> Announced => _announced;

    /// <summary>Installs a view of these nodes, each in the life of its own number, that has all markers at once.</summary>
    internal void Settle(ulong view, bool hasQuorum, params uint[] nodes)
    {
        Install(view, hasQuorum, [], nodes);
        foreach (var node in nodes)
        {
            Engine.Mark(new MemberId(node, node), RecoveryMarker.DirectoryDone, view);
            Engine.Mark(new MemberId(node, node), RecoveryMarker.LocksDone, view);
        }
    }

    internal void Install(ulong view, bool hasQuorum, MemberId[] unproven, params uint[] nodes) =>
        Engine.Install(new EngineView(view, [.. nodes.Select(node => new EngineMember(node, node))], unproven, hasQuorum));

    internal LockId Lock(string name, LockMode mode, RawFlags flags = RawFlags.None)
    {
        Assert.Equal(RawResult.Accepted, Engine.Lock(Session, new LockCall { Space = Space, Name = name, Mode = mode, Flags = flags }, out var id));
        return id;
    }

    internal void Convert(LockId id, LockMode mode, RawFlags flags = RawFlags.None) =>
        Assert.Equal(RawResult.Accepted, Engine.Convert(Session, id, new ConvertCall { Mode = mode, Flags = flags }));

    internal void Unlock(LockId id) => Assert.Equal(RawResult.Accepted, Engine.Unlock(Session, id, RawFlags.ForceUnlock));

    /// <summary>What was told since the last call: lock, end, mode now held.</summary>
    internal (LockId Lock, RequestStatus Status, LockMode? Mode)[] Told()
    {
        var told = _events.OfType<CompletedEvent>().Select(each => (each.Lock, each.Completion.Status, each.Completion.Mode)).ToArray();
        _events.Clear();
        return told;
    }

    void IPeerSender.Send(uint node, ulong view, ReadOnlySpan<byte> message)
    {
    }

    void IPeerSender.Announce(RecoveryMarker marker, ulong view) => _announced.Add((marker, view));
}
