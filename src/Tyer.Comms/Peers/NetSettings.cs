namespace Tyer.Comms.Peers;

/// <summary>The options in force: read by every thread of a domain, replaced as a whole.</summary>
internal sealed class NetSettings(NetOptions first)
{
    private volatile NetOptions _present = first;

    /// <summary>What holds now.</summary>
    public NetOptions Present
    {
        get => _present;
        set => _present = value;
    }
}
