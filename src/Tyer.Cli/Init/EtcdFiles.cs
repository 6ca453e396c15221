using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tyer.Cli.Init;

/// <summary>A node that files are written for.</summary>
/// <param name="Name">Its name, which ends in its id.</param>
/// <param name="Host">Where the others reach its machine.</param>
/// <param name="Port">Where it listens to them.</param>
/// <param name="EtcdPort">Where its member of etcd serves its clients; the next one is for the other members.</param>
internal sealed record InitNode(string Name, string Host, int Port, int EtcdPort)
{
    public string Listen => string.Create(CultureInfo.InvariantCulture, $"tcp://{Bracketed}:{Port}");

    public string Client => string.Create(CultureInfo.InvariantCulture, $"http://{Bracketed}:{EtcdPort}");

    public string Peer => string.Create(CultureInfo.InvariantCulture, $"http://{Bracketed}:{EtcdPort + 1}");

    private string Bracketed => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
}

/// <summary>The configuration of a cluster under etcd, one file for each node: complete, so that each can be started with it as it is.</summary>
internal static class EtcdFiles
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file of one of the nodes.</summary>
    /// <param name="node">The node.</param>
    /// <param name="all">All nodes, it included.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="endpoints">An etcd that somebody else runs; null: each node runs a member.</param>
    /// <param name="folder">Nodes of one machine: where their sockets, states and keys are. Null: each has a machine to itself, and the usual places.</param>
    public static string Of(InitNode node, IReadOnlyList<InitNode> all, string cluster, string? endpoints, string? folder)
    {
        var file = new JsonObject
        {
            ["Name"] = node.Name,
            ["Cluster"] = cluster,
            ["Stack"] = "etcd",
            ["Listen"] = node.Listen,
            ["Peers"] = new JsonObject(all.Where(other => other != node).Select(other => KeyValuePair.Create<string, JsonNode?>(other.Name, other.Listen))),
            ["KeyFile"] = folder is null ? "/etc/tyer/cluster.key" : Path.Combine(folder, "cluster.key"),
            ["EtcdEndpoints"] = endpoints ?? string.Join(",", all.Select(other => other.Client)),
        };
        if (endpoints is null) file["EtcdMembers"] = string.Join(",", all.Select(other => $"{other.Name}={other.Peer}"));
        file["Lease"] = "10s";
        file["Socket"] = folder is null ? "/run/tyer/tyerd.sock" : Path.Combine(folder, $"{node.Name}.sock");
        if (folder is not null) file["State"] = Path.Combine(folder, "state");
        return file.ToJsonString(Readable) + "\n";
    }
}
