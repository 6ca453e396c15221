using Tyer.Comms.Sending;

namespace Tyer.Comms.Security;

/// <summary>Seals what passes with a cipher.</summary>
internal sealed class SealingSink(IByteSink inner, SealCipher cipher) : RecordSink(inner)
{
    private readonly byte[] _sealed = GC.AllocateUninitializedArray<byte>(SealCipher.PlainBytesMax + SealCipher.OverheadBytes, pinned: true);

    /// <inheritdoc/>
    protected override int Make(ReadOnlySpan<byte> plain, out byte[] record)
    {
        record = _sealed;
        return cipher.Seal(plain, record);
    }
}
