namespace Tyer.Simulation;

/// <summary>A rule of the contract, or of the protocol, did not hold.</summary>
internal sealed class ViolationException(string rule) : Exception(rule);
