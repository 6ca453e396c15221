namespace Tyer.Comms.Sending;

/// <summary>What a link has sent. Bytes over sends says how much is merged.</summary>
public record struct WriterStatistics
{
    /// <summary>Calls of the system that sent something.</summary>
    public long Sends { get; internal set; }

    /// <summary>Bytes sent, headers included.</summary>
    public long Bytes { get; internal set; }

    /// <summary>Times that a caller left the rest to the link's own writer.</summary>
    public long HandOvers { get; internal set; }
}
