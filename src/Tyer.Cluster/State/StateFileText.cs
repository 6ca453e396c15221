using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tyer.Cluster.State;

/// <summary>
/// The state file's format: lines of <c>key: value</c> in a fixed order, which an operator can read, under a checksum, which keeps
/// anybody from editing them lightly.
/// </summary>
/// <remarks>
/// A field is added by a new version in the first line. A version that is not known is refused: guessing at a counter
/// could repeat a token.
/// </remarks>
internal static class StateFileText
{
    private const string FirstLine = "tyer-state 1";
    private const string ChecksumKey = "sha256: ";

    /// <summary>The file's whole content.</summary>
    public static byte[] Format(NodeState state, FileIdentity identity)
    {
        string body = string.Create(CultureInfo.InvariantCulture, $"""
            {FirstLine}
            cluster: {state.Owner.Cluster}
            node: {state.Owner.Node}
            node-id: {state.Owner.Id}
            view: {state.View}
            incarnation: {state.Incarnation}
            lock-id-mark: {state.LockIdMark}
            clean: {(state.Clean ? "yes" : "no")}
            longest-session-ms: {(ulong)state.LongestSession.TotalMilliseconds}
            inode: {identity.Inode}
            born: {FileIdentity.FormatBirth(identity.Born)}

            """);
        return Encoding.ASCII.GetBytes($"{body}{ChecksumKey}{Checksum(body)}\n");
    }

    /// <summary>Reads what <see cref="Format"/> wrote, and nothing else.</summary>
    /// <exception cref="FormatException">The message says what is wrong, as the end of a sentence that names the file.</exception>
    public static (NodeState State, FileIdentity Identity) Parse(ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty) throw new FormatException("is empty");

        string text = Encoding.Latin1.GetString(content);
        if (!text.StartsWith("tyer-state ", StringComparison.Ordinal)) throw new FormatException("is not a state file of Tyer");
        if (!text.StartsWith(FirstLine + "\n", StringComparison.Ordinal))
            throw new FormatException($"has a version that this one does not read (its first line is not '{FirstLine}')");

        int end = text.LastIndexOf(ChecksumKey, StringComparison.Ordinal);
        if (end < 0) throw new FormatException("is truncated: the checksum is missing");
        string body = text[..end];
        if (text[end..] != $"{ChecksumKey}{Checksum(body)}\n")
            throw new FormatException("does not have the content that its checksum says");

        var lines = new Lines(body);
        lines.Skip();
        string cluster = lines.Next("cluster");
        string node = lines.Next("node");
        ulong id = lines.NextNumber("node-id");
        ulong view = lines.NextNumber("view");
        ulong incarnation = lines.NextNumber("incarnation");
        ulong mark = lines.NextNumber("lock-id-mark");
        bool clean = lines.Next("clean") == "yes";
        ulong longest = lines.NextNumber("longest-session-ms");
        ulong inode = lines.NextNumber("inode");
        if (!FileIdentity.TryParseBirth(lines.Next("born"), out Interop.FileBirth? born)) throw Lines.Bad("born");
        lines.End();

        if (!SystemName.IsValid(cluster)) throw Lines.Bad("cluster");
        if (!SystemName.IsValid(node)) throw Lines.Bad("node");
        if (id > uint.MaxValue || !NodeId.IsValid((uint)id)) throw Lines.Bad("node-id");
        if (longest > (ulong)TimeSpan.MaxValue.TotalMilliseconds) throw Lines.Bad("longest-session-ms");

        var owner = new StateOwner(cluster, node, new NodeId((uint)id));
        return (
            new NodeState(owner, view, new Incarnation(incarnation), mark, clean, TimeSpan.FromMilliseconds(longest)),
            new FileIdentity(inode, born));
    }

    private static string Checksum(string body) => Convert.ToHexStringLower(SHA256.HashData(Encoding.Latin1.GetBytes(body)));

    private ref struct Lines(string body)
    {
        private ReadOnlySpan<char> _rest = body;

        public static FormatException Bad(string key) => new($"has no valid '{key}' where this version writes one");

        public void Skip() => _ = Take("tyer-state");

        public string Next(string key)
        {
            ReadOnlySpan<char> line = Take(key);
            return line.StartsWith(key + ": ", StringComparison.Ordinal) ? line[(key.Length + 2)..].ToString() : throw Bad(key);
        }

        public ulong NextNumber(string key) =>
            ulong.TryParse(Next(key), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : throw Bad(key);

        public readonly void End()
        {
            if (!_rest.IsEmpty) throw new FormatException("has lines that this version does not write");
        }

        private ReadOnlySpan<char> Take(string key)
        {
            int end = _rest.IndexOf('\n');
            if (end < 0) throw Bad(key);
            ReadOnlySpan<char> line = _rest[..end];
            _rest = _rest[(end + 1)..];
            return line;
        }
    }
}
