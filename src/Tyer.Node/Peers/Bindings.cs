namespace Tyer.Node.Peers;

/// <summary>What a message between nodes is for: the binding number in its frame.</summary>
internal static class Bindings
{
    /// <summary>The cluster stack's own.</summary>
    internal const ushort Stack = 0;

    /// <summary>Engines'.</summary>
    internal const ushort Engine = 1;

    /// <summary>Questions of operators, and answers.</summary>
    internal const ushort Question = 2;

    /// <summary>What a node has done of a view's recovery: the marker, one byte.</summary>
    internal const ushort Recovery = 3;
}
