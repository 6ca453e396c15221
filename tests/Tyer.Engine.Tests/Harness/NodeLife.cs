namespace Tyer.Engine.Tests.Harness;

/// <summary>One life of a node: its engine, and the views that it is to install.</summary>
internal sealed class NodeLife(MemberId id, LockEngine engine)
{
    internal MemberId Id => id;

    internal LockEngine Engine => engine;

    /// <summary>The number of its last session: each life counts anew.</summary>
    internal uint LastSession;

    /// <summary>Views that it is in and has not installed yet, in their order.</summary>
    internal Queue<EngineView> Views { get; } = [];
}
