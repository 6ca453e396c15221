namespace Tyer.Comms.Sending;

/// <summary>Where a link's bytes go: into a socket, or onto a simulated wire.</summary>
internal interface IByteSink
{
    /// <summary>Whether there may be no room; if there always is, nobody needs to wait for it in a caller's place.</summary>
    bool MayBlock { get; }

    /// <summary>Sends what the vectors list, in order.</summary>
    /// <param name="vectors">The bytes; good for the length of the call.</param>
    /// <param name="waits">Whether to wait for room; else it fails with <see cref="LibC.TryAgain"/> where there is none.</param>
    /// <param name="error">The system's error number, if the result is -1.</param>
    /// <returns>Bytes sent, maybe fewer than listed; or -1.</returns>
    long Send(ReadOnlySpan<IoVector> vectors, bool waits, out int error);

    /// <summary>Sends some bytes, waiting for room without holding a thread.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">They cannot be sent.</exception>
    ValueTask<int> SendAsync(ReadOnlyMemory<byte> bytes);
}
