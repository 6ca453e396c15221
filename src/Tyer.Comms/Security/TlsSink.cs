using System.Net.Security;
using Tyer.Comms.Sending;

namespace Tyer.Comms.Security;

/// <summary>Lets TLS make the records. Before both sides have agreed nothing can be said.</summary>
internal sealed class TlsSink(IByteSink inner, SslStream stream, TlsPipe pipe) : RecordSink(inner)
{
    /// <inheritdoc/>
    protected override int Make(ReadOnlySpan<byte> plain, out byte[] record)
    {
        record = [];
        if (!pipe.IsCollecting) return -1;
        try
        {
            pipe.Taken();
            stream.Write(plain);
            record = pipe.Written;
            return pipe.WrittenLength;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // Closed meanwhile.
            return -1;
        }
    }
}
