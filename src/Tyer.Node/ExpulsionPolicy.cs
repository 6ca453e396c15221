namespace Tyer;

/// <summary>What a node does to its clients when it is put out of its cluster, beside telling them that their locks are lost.</summary>
public enum ExpulsionPolicy
{
    /// <summary>Nothing: what a program does then is its own affair.</summary>
    Notify,

    /// <summary>Closes their connections: a program that does not listen finds out with its next word.</summary>
    Disconnect,

    /// <summary>Kills (SIGKILL) the processes of this machine that have a lockspace open. Those of other machines are disconnected.</summary>
    Kill,

    /// <summary>Feeds the machine's watchdog no more, which resets it. The other nodes wait for that.</summary>
    Watchdog,
}

/// <summary>What a node does with what is held when its lease runs out, because no majority answers it.</summary>
public enum QuorumLossPolicy
{
    /// <summary>It is lost: the node expels itself, before the others may give it away.</summary>
    Revoke,

    /// <summary>
    /// It is kept, and nothing is granted, until a majority answers, or the others have gone on. They give it away only when a fence agent or the watchdog has stopped the machine.
    /// </summary>
    Freeze,
}
