namespace Tyer.Comms.Sessions;

/// <summary>
/// The lanes of a session. Each has its own numbers, acknowledgements and credit, so a lane that is held up holds up no other; they share
/// the links.
/// </summary>
internal static class Lanes
{
    /// <summary>Lock traffic, and whatever must keep its order with it.</summary>
    public const int Lock = 0;

    /// <summary>What is long and can wait.</summary>
    public const int Bulk = 1;

    /// <summary>How many there are.</summary>
    public const int Count = 2;
}
