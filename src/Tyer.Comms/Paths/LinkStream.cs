namespace Tyer.Comms.Paths;

/// <summary>What a link of a path is for. The numbers are part of the wire format.</summary>
internal enum LinkStream : byte
{
    /// <summary>Pings, pongs, acknowledgements that nothing else carries: they never wait behind messages.</summary>
    Control = 0,

    /// <summary>Messages.</summary>
    Data = 1,
}
