namespace Tyer.Cluster.Fencing;

/// <summary>How far the fencing of a departed node is.</summary>
public enum FenceStage
{
    /// <summary>Another member does it.</summary>
    Elsewhere,

    /// <summary>This node does it, and is about to begin, or to try again.</summary>
    Waiting,

    /// <summary>An agent runs.</summary>
    Running,

    /// <summary>Its power is off; what remains are programs on other machines, or that all are told.</summary>
    Off,
}

/// <summary>The fencing of a departed life of a node, as this node knows it.</summary>
/// <param name="Departed">Who.</param>
/// <param name="Stage">How far it is.</param>
/// <param name="Actor">Who does it: the lowest id of the view.</param>
/// <param name="Agent">The agent that runs, or is the next to.</param>
/// <param name="Attempts">How many runs of agents have begun here.</param>
/// <param name="NextIn">In how long the next begins; null: one runs, or none will here.</param>
/// <param name="LastError">Why the last one failed, with the agent's name; null: none has.</param>
public sealed record FenceCase(
    NodeIncarnation Departed, FenceStage Stage, NodeId Actor, string Agent, int Attempts, TimeSpan? NextIn, string? LastError);

/// <summary>Something has happened while a departed node is fenced, for those who watch.</summary>
/// <param name="Departed">Who.</param>
/// <param name="Step">What.</param>
/// <param name="Agent">The agent's name.</param>
/// <param name="Attempt">Which run of an agent it is, from 1.</param>
/// <param name="Why">What the agent said, or in how long it is tried again; as a clause.</param>
public sealed record FenceProgress(NodeIncarnation Departed, FenceStep Step, string Agent, int Attempt, string Why);

/// <summary>A step in the fencing of a departed node.</summary>
public enum FenceStep
{
    /// <summary>An agent was started.</summary>
    Begun,

    /// <summary>It has done it.</summary>
    Done,

    /// <summary>It has not; the next agent is tried, or the first one again after a while.</summary>
    Failed,
}
