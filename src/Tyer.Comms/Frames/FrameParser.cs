namespace Tyer.Comms.Frames;

/// <summary>
/// Cuts frames out of received bytes, wherever the network split them. It keeps no state and allocates nothing; a frame is refused at the
/// first byte that shows it to be wrong, so a length of two gigabytes costs four bytes of reading.
/// </summary>
internal static class FrameParser
{
    /// <summary>Reads the frame at the start of <paramref name="input"/>.</summary>
    /// <param name="input">The bytes received and not yet consumed.</param>
    /// <param name="bodyMax">Bytes in a body, at most, on this link.</param>
    /// <param name="frame">The frame, if the result is true; it took <see cref="MessageView.FrameBytes"/> bytes.</param>
    /// <param name="error">If the result is false: what is wrong, or <see cref="FrameError.None"/> when more bytes are needed.</param>
    public static bool TryRead(ReadOnlySpan<byte> input, int bodyMax, out MessageView frame, out FrameError error)
    {
        frame = default;
        error = CheckHeader(input, bodyMax);
        if (error != FrameError.None || input.Length < FrameHeader.Bytes) return false;

        FrameHeader header = FrameHeader.Read(input);
        if (input.Length < header.FrameBytes) return false;

        ReadOnlySpan<byte> body = input.Slice(FrameHeader.Bytes, header.Length);
        if (!FrameHeader.HasGoodChecksum(input, body))
        {
            error = FrameError.BadChecksum;
            return false;
        }

        frame = new MessageView(header, body);
        return true;
    }

    private static FrameError CheckHeader(ReadOnlySpan<byte> input, int bodyMax)
    {
        if (input.Length < 4) return FrameError.None;
        if (FrameHeader.ReadLength(input) > (uint)bodyMax) return FrameError.BodyTooLong;

        if (input.Length < 5) return FrameError.None;
        if (!FrameKinds.IsKnownOrIgnorable(FrameHeader.ReadKind(input))) return FrameError.UnknownKind;

        if (input.Length < 6) return FrameError.None;
        return FrameHeader.HasReservedBits(input) ? FrameError.ReservedBits : FrameError.None;
    }
}
