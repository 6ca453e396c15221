using Tyer.Comms.Sending;

namespace Tyer.Client.Connections;

/// <summary>What the locks of a session need of it.</summary>
internal interface ISessionWire
{
    /// <summary>Sends a message; never blocks.</summary>
    SendResult Send(ReadOnlySpan<byte> message);

    /// <summary>Whether the session has outlived its deadline: nothing it was granted may be relied on any more (S6).</summary>
    bool IsOverdue { get; }

    /// <summary>Ends the session: its locks are told, then the connection is closed.</summary>
    void Lose(LossReason reason);
}
