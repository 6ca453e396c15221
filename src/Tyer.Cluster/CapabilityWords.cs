using System.Collections.Immutable;

namespace Tyer.Cluster;

/// <summary>
/// What the programs of one machine may ask of it, as words. It is about the interface on the machine, and says nothing of the protocol between nodes, which has
/// versions (<see cref="ProtocolRange"/>). A word stands for the same for ever; what is new has a new word.
/// </summary>
/// <example><code>if (glue.Capabilities.Has(CapabilityWords.SharedConnection)) …</code></example>
public sealed class CapabilityWords
{
    /// <summary>A connection may leave it open which stack there is.</summary>
    public const string AgnosticConnect = "agnostic-connect";

    /// <summary>Disconnecting and giving the group up are two steps.</summary>
    public const string HangUp = "hang-up";

    /// <summary>Each connection has callbacks of its own.</summary>
    public const string GroupCallbacks = "group-callbacks";

    /// <summary>Several groups share the connection of the one stack: its members, its views, and its end.</summary>
    public const string SharedConnection = "shared-connection";

    private readonly ImmutableArray<string> _words;

    /// <summary>Reads words.</summary>
    /// <param name="words">Separated by spaces; the order does not matter, nor that one comes twice.</param>
    public CapabilityWords(string words)
    {
        ArgumentNullException.ThrowIfNull(words);
        _words = [.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>All words, in the order of their characters.</summary>
    public IReadOnlyList<string> All => _words;

    /// <summary>Whether there is this very word; a part of one is none.</summary>
    public bool Has(string word) => _words.Contains(word, StringComparer.Ordinal);

    /// <summary>The words, separated by spaces.</summary>
    public override string ToString() => string.Join(' ', _words);
}
