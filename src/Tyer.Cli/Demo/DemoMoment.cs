namespace Tyer.Cli.Demo;

/// <summary>What the demo shows at one moment.</summary>
/// <param name="Elapsed">Since the workers began.</param>
/// <param name="Count">The number in the file.</param>
/// <param name="Workers">A row for each, by number.</param>
/// <param name="Events">What the demo has done to it so far, in sentences.</param>
internal sealed record DemoMoment(TimeSpan Elapsed, long Count, IReadOnlyList<DemoRow> Workers, IReadOnlyList<string> Events);

/// <summary>A worker at one moment.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Node">The node whose client it is.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="State">What it does.</param>
/// <param name="Place">Its place in the queue, from 1; 0: it does not wait.</param>
/// <param name="Increments">How often it has added one.</param>
internal sealed record DemoRow(int Number, int Node, int ProcessId, DemoState State, int Place, int Increments);

/// <summary>What a worker does.</summary>
internal enum DemoState
{
    /// <summary>Just then neither.</summary>
    Between,

    /// <summary>It has the lock.</summary>
    Holds,

    /// <summary>It is in the queue.</summary>
    Waits,

    /// <summary>The demo has killed it.</summary>
    Killed,
}
