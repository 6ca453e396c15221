using System.Globalization;
using System.Text;

namespace Tyer.Cluster.Etcd.Registry;

/// <summary>The keys of one cluster.</summary>
internal sealed class RegistryKeys
{
    private const string Members = "members/";
    private const string Proofs = "proofs/";
    private const string Reasons = "reasons/";

    private readonly string _base;

    public RegistryKeys(string prefix, string cluster)
    {
        _base = $"{prefix}{cluster}/";
        First = Bytes("");
        // The first key after all that begin with the same.
        End = [.. First];
        End[^1]++;
        View = Bytes("view");
    }

    public byte[] First { get; }

    public byte[] End { get; }

    public byte[] View { get; }

    public byte[] Member(NodeId node) => Bytes($"{Members}{node}");

    /// <summary>Why a member's key was taken away, where somebody did that.</summary>
    public byte[] Reason(NodeId node) => Bytes($"{Reasons}{node}");

    public byte[] Proof(NodeIncarnation life) => Bytes($"{Proofs}{life}");

    public bool IsView(byte[] key) => key.AsSpan().SequenceEqual(View);

    public NodeId? MemberOf(byte[] key) => NodeIn(key, Members);

    public NodeId? ReasonOf(byte[] key) => NodeIn(key, Reasons);

    public NodeIncarnation? ProofOf(byte[] key)
    {
        if (Rest(key, Proofs) is not { } rest || rest.Split('.') is not [var node, var incarnation]) return null;
        return Node(node) is { } id && ulong.TryParse(incarnation, NumberStyles.None, CultureInfo.InvariantCulture, out ulong life) && life > 0
            ? new NodeIncarnation(id, new Incarnation(life))
            : null;
    }

    private NodeId? NodeIn(byte[] key, string folder) => Rest(key, folder) is { } rest ? Node(rest) : null;

    private string? Rest(byte[] key, string folder)
    {
        string text = Encoding.UTF8.GetString(key);
        string start = _base + folder;
        return text.StartsWith(start, StringComparison.Ordinal) ? text[start.Length..] : null;
    }

    private static NodeId? Node(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && NodeId.IsValid(id) ? new NodeId(id) : null;

    private byte[] Bytes(string name) => Encoding.UTF8.GetBytes(_base + name);
}
