namespace Tyer.Simulation;

/// <summary>How a simulated life ended.</summary>
/// <param name="Seed">What it was made from.</param>
/// <param name="Violation">The first rule that did not hold, with when and where; null: all held.</param>
/// <param name="TraceHash">A number made from everything that happened: equal for equal seeds.</param>
/// <param name="Faults">How many faults were planned.</param>
/// <param name="Clients">How many clients there were.</param>
/// <param name="Counts">How often what happened.</param>
/// <param name="Trace">What happened, line by line, if that was asked for.</param>
public sealed record SimResult(
    ulong Seed, string? Violation, ulong TraceHash, int Faults, int Clients, IReadOnlyDictionary<string, long> Counts, IReadOnlyList<string> Trace);
