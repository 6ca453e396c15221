using System.Text.Json.Serialization;

namespace Tyer.Sessions.Administration;

/// <summary>What makes sure that a node that was lost has stopped, beside waiting for its lease.</summary>
public sealed record FencingStatus
{
    /// <summary>The fence agents of each node that has some, in the order in which they are tried. Empty: fencing is disabled.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Agents { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Nodes without any: what they held waits for their lease.</summary>
    public IReadOnlyList<string> Without { get; init; } = [];

    /// <summary>Whether a node that no majority answers keeps what is held, and grants nothing; else that is lost.</summary>
    public bool FreezesWithoutQuorum { get; init; }

    /// <summary>The watchdog that the node that was asked feeds while it may act; null: none.</summary>
    public string? Watchdog { get; init; }

    /// <summary>How long that waits before it resets the machine.</summary>
    public TimeSpan? WatchdogTimeout { get; init; }

    /// <summary>Whether it has been set going: then the machine is reset when it is fed no more.</summary>
    public bool IsWatchdogArmed { get; init; }

    /// <summary>Those that are being fenced now.</summary>
    public IReadOnlyList<FencingInfo> UnderWay { get; init; } = [];
}

/// <summary>How the fencing of a lost node stands.</summary>
public sealed record FencingInfo
{
    /// <summary>The name of the node that is fenced.</summary>
    public required string Node { get; init; }

    /// <summary>Its id.</summary>
    public required uint NodeId { get; init; }

    /// <summary>Which of its lives.</summary>
    public required ulong Incarnation { get; init; }

    /// <summary>The member that does it.</summary>
    public required string By { get; init; }

    /// <summary>How far it is.</summary>
    public required FencingStage Stage { get; init; }

    /// <summary>The agent that runs, or is the next to.</summary>
    public required string Agent { get; init; }

    /// <summary>How many runs of agents have begun.</summary>
    public int Attempts { get; init; }

    /// <summary>In how long the next one begins; null: one runs, or none will.</summary>
    public TimeSpan? NextIn { get; init; }

    /// <summary>Why the last one failed, with the agent's name; null: none has.</summary>
    public string? LastError { get; init; }
}

/// <summary>How far the fencing of a lost node is.</summary>
public enum FencingStage
{
    /// <summary>Another member does it, of which more is not known.</summary>
    Elsewhere,

    /// <summary>An agent is about to be run, or run again.</summary>
    Waiting,

    /// <summary>An agent runs.</summary>
    Running,

    /// <summary>The power is off; what remains is that all are told, or programs of other machines.</summary>
    Off,
}

/// <summary>A test of fence agents, on its way to the node: <see cref="ITyerAdministration.TestFencingAsync"/>.</summary>
/// <param name="Node">The name or id of the node that they would stop.</param>
/// <param name="Action">What they are to do: <c>status</c> or <c>monitor</c>.</param>
public sealed record FenceTestOrder([property: JsonRequired] string Node, [property: JsonRequired] string Action);

/// <summary>How the fence agents of a node answered a test.</summary>
public sealed record FenceTestResult
{
    /// <summary>The node that ran them.</summary>
    public required string By { get; init; }

    /// <summary>The node that they would stop.</summary>
    public required string Node { get; init; }

    /// <summary>What each answered, in the order in which they would be tried; never empty.</summary>
    public required IReadOnlyList<FenceTestAnswer> Agents { get; init; }
}

/// <summary>How a fence agent answered a test.</summary>
/// <param name="Agent">What it is called.</param>
/// <param name="Code">What it ended with: 0 for on (or well, with <c>monitor</c>), 2 for off; null: it was not started, or killed.</param>
/// <param name="Why">What it said, without the values of secret options; or why it could not be run.</param>
/// <param name="Took">How long it ran.</param>
public sealed record FenceTestAnswer(string Agent, int? Code, string Why, TimeSpan Took);
