using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Tyer.Node.Peers;

/// <summary>
/// Questions to other members and their answers, each cut into pieces that fit a frame: question or piece of an answer (u8), number (u32),
/// topic or "more follows" (u8), JSON. Answered on the pool: no reader waits for them. An answer that is longer than the queue to who asked goes
/// piece by piece, as room comes, for as long as somebody waits for it.
/// </summary>
internal sealed partial class Questions(NodeWiring node, Func<uint, ReadOnlyMemory<byte>, CancellationToken, ValueTask<bool>> send)
{
    private const byte Question = 1;
    private const byte Answer = 2;
    private const int HeaderLength = 6;
    private const int PieceMax = 256 * 1024;
    private const int AnswerMax = 64 * 1024 * 1024;

    private readonly ConcurrentDictionary<uint, Asked> _asked = new();
    private readonly ILogger _log = node.Log;
    private uint _last;

    internal async ValueTask<byte[]?> AskAsync(uint member, QuestionTopic topic, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _last);
        var asked = new Asked(member);
        _asked[number] = asked;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(NodeLimits.QueryTimeout);
        try
        {
            if (!await send(member, Piece(Question, number, (byte)topic, json.Span), limit.Token).ConfigureAwait(false))
                return null;
            return await asked.Answer.Task.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            _asked.TryRemove(number, out _);
        }
    }

    /// <summary>Takes a piece in; false if it is none.</summary>
    internal bool Receive(uint from, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength)
            return false;
        var number = BinaryPrimitives.ReadUInt32LittleEndian(bytes[1..]);
        var mark = bytes[5];
        var json = bytes[HeaderLength..];
        switch (bytes[0])
        {
            case Question:
                var question = json.ToArray();
                _ = Task.Run(() => AnswerToAsync(from, number, (QuestionTopic)mark, question));
                return true;
            case Answer:
                // One that nobody waits for any more is late, not wrong.
                return !_asked.TryGetValue(number, out var asked) || asked.From != from || asked.TryAdd(json, isLast: mark == 0, AnswerMax);
            default:
                return false;
        }
    }

    private static byte[] Piece(byte kind, uint number, byte mark, ReadOnlySpan<byte> json)
    {
        var piece = new byte[HeaderLength + json.Length];
        piece[0] = kind;
        BinaryPrimitives.WriteUInt32LittleEndian(piece.AsSpan(1), number);
        piece[5] = mark;
        json.CopyTo(piece.AsSpan(HeaderLength));
        return piece;
    }

    private async Task AnswerToAsync(uint to, uint number, QuestionTopic topic, byte[] question)
    {
        // After that nobody waits for it.
        using var limit = new CancellationTokenSource(NodeLimits.QueryTimeout);
        try
        {
            ReadOnlyMemory<byte> rest = node.Answer(topic, question);
            do
            {
                var piece = rest[..Math.Min(rest.Length, PieceMax)];
                rest = rest[piece.Length..];
                if (!await send(to, Piece(Answer, number, rest.IsEmpty ? (byte)0 : (byte)1, piece.Span), limit.Token).ConfigureAwait(false))
                    return;
            }
            while (!rest.IsEmpty);
        }
        catch (Exception fault) when (fault is System.Text.Json.JsonException or ObjectDisposedException or OperationCanceledException)
        {
            LogUnanswered(fault, node.NameOf(to), topic);
        }
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "A question of {Peer} ({Topic}) was not answered")]
    private partial void LogUnanswered(Exception cause, string peer, QuestionTopic topic);

    /// <summary>A question under way, and what has come of its answer.</summary>
    private sealed class Asked(uint from)
    {
        private readonly ArrayBufferWriter<byte> _pieces = new();

        internal uint From { get; } = from;

        internal TaskCompletionSource<byte[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Pieces of one peer come one at a time.</summary>
        internal bool TryAdd(ReadOnlySpan<byte> piece, bool isLast, int max)
        {
            if (_pieces.WrittenCount + piece.Length > max)
                return false;
            _pieces.Write(piece);
            if (isLast)
                Answer.TrySetResult(_pieces.WrittenSpan.ToArray());
            return true;
        }
    }
}
