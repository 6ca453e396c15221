namespace Tyer.Sessions.Administration;

/// <summary>What happened to an object that operators follow.</summary>
public enum EventKind
{
    /// <summary>It was there when the following began.</summary>
    Exists,

    /// <summary>It is there now.</summary>
    Create,

    /// <summary>Some of its fields have other values.</summary>
    Change,

    /// <summary>It is there no more.</summary>
    Destroy,

    /// <summary>
    /// Events were lost, since nobody took them in time: what is there now follows anew, as at the beginning. Forget what you know.
    /// </summary>
    Lost,
}

/// <summary>
/// Something that a node tells those who follow it. They hear first of everything that is there (<see cref="EventKind.Exists"/>), closed by
/// one such event about nothing (<see cref="Object"/> is <c>-</c>); then of every change of it, in order.
/// </summary>
public sealed record ClusterEvent
{
    /// <summary>Grows with every change that the node tells of; those of one list of what is there have the number of the last change before it.</summary>
    public required long Number { get; init; }

    /// <summary>When, by the node's wall clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What happened.</summary>
    public required EventKind Kind { get; init; }

    /// <summary>To what: <c>node</c>, <c>view</c>, <c>peer</c>, <c>connection</c>, <c>recovery</c>; <c>-</c>: to nothing.</summary>
    public required string Object { get; init; }

    /// <summary>Which of them, such as <c>name:n2</c>; empty if there is only one.</summary>
    public string Key { get; init; } = "";

    /// <summary>All fields; of a change those that have other values than before.</summary>
    public IReadOnlyList<EventField> Fields { get; init; } = [];
}

/// <summary>A field of an object that operators follow.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Before">The value before; null where there is none, or where it does not matter.</param>
public sealed record EventField(string Name, string Value, string? Before = null);
