using System.Buffers;
using System.Threading.Channels;
using Tyer.Sessions.Wire;

namespace Tyer.Client.Connections;

/// <summary>The answer to a question, as it comes in: pieces are put together to documents, which wait for whoever asked.</summary>
internal sealed class AnswerStream : IPendingRequest
{
    // Not bounded here: an answer has as many documents as were asked for, and the node stops when nobody takes what it sends.
    private readonly Channel<ReadOnlyMemory<byte>> _documents = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private ArrayBufferWriter<byte>? _piece;
    private volatile bool _isAbandoned;

    /// <summary>The documents that are whole; completes with the answer, or with its failure.</summary>
    internal ChannelReader<ReadOnlyMemory<byte>> Documents => _documents.Reader;

    /// <summary>Whether its last piece, or its failure, has come.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>Nobody reads it any more: what still comes is dropped.</summary>
    internal void Abandon() => _isAbandoned = true;

    /// <summary>Takes a piece. Returns what is wrong with it.</summary>
    internal WireFault Append(in AnswerMessage answer)
    {
        IsOver = answer.EndsAnswer;
        if (!answer.Json.IsEmpty && !_isAbandoned)
        {
            _piece ??= new ArrayBufferWriter<byte>();
            if (_piece.WrittenCount + answer.Json.Length > WireLimits.DocumentBytesMax)
                return WireFault.BadLength;
            _piece.Write(answer.Json);
        }

        if (answer.EndsDocument && _piece is not null)
        {
            _documents.Writer.TryWrite(_piece.WrittenMemory);
            _piece = null;
        }

        if (answer.EndsAnswer)
            _documents.Writer.TryComplete();
        return WireFault.None;
    }

    void IPendingRequest.Fail(Exception failure)
    {
        IsOver = true;
        _documents.Writer.TryComplete(failure);
    }
}
