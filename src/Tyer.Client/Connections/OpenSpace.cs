namespace Tyer.Client.Connections;

/// <summary>A lockspace as one session has it open.</summary>
/// <param name="number">The number by which the session names it.</param>
/// <param name="options">Its options.</param>
internal sealed class OpenSpace(uint number, LockspaceOptions options)
{
    internal uint Number { get; } = number;

    internal LockspaceOptions Options { get; } = options;

    /// <summary>Locks held, waited for or on their way out. Under the session's gate.</summary>
    internal int LockCount { get; set; }

    /// <summary>Whether it has been closed. Under the session's gate.</summary>
    internal bool IsClosed { get; set; }
}
