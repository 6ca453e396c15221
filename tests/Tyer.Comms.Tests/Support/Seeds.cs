namespace Tyer.Comms.Tests.Support;

/// <summary>Runs a property over many seeds; a failure names the seed that replays it.</summary>
internal static class Seeds
{
    public static void ForEach(int count, Action<Dice> property)
    {
        for (ulong seed = 1; seed <= (ulong)count; seed++) Replay(seed, property);
    }

    public static void Replay(ulong seed, Action<Dice> property)
    {
        try
        {
            property(new Dice(seed));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {seed}: {e.Message}", e);
        }
    }
}
