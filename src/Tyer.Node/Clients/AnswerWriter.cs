using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tyer.Sessions.Wire;

namespace Tyer.Node.Clients;

/// <summary>Sends the answer to a question: document by document, no faster than the client reads.</summary>
internal sealed class AnswerWriter(ClientConnection connection, uint request)
{
    /// <summary>Sends one document, the only one.</summary>
    internal async Task WriteOnlyAsync<T>(T document, JsonTypeInfo<T> type)
    {
        await WriteAsync(document, type).ConfigureAwait(false);
        connection.EndAnswer(request);
    }

    /// <summary>Sends all documents.</summary>
    internal async Task WriteAllAsync<T>(IAsyncEnumerable<T> documents, JsonTypeInfo<T> type)
    {
        await foreach (var document in documents.ConfigureAwait(false))
            await WriteAsync(document, type).ConfigureAwait(false);
        connection.EndAnswer(request);
    }

    private async Task WriteAsync<T>(T document, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(document, type);
        for (var start = 0; start < json.Length;)
        {
            // Answers never fill the queue that grants and notices go through.
            await connection.WhenQuietAsync().ConfigureAwait(false);
            var length = Math.Min(WireLimits.FragmentBytesMax, json.Length - start);
            connection.AppendAnswer(request, json.AsSpan(start, length), endsDocument: start + length == json.Length);
            start += length;
        }
    }
}
