using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tyer.Cli.Init;

/// <summary>The configuration of a cluster under corosync: one file for all its daemons, and one for each node of the lock manager.</summary>
internal static class CorosyncFiles
{
    /// <summary>The user and group of tyerd's service, who has to be let in by corosync.</summary>
    public const string UidGid = "uidgid {\n    uid: tyer\n    gid: tyer\n}\n";

    /// <summary>Bytes of the daemons' common key: any number from 128 on will do.</summary>
    public const int AuthKeyBytes = 256;

    // Below it the links' timers, which by default are half the token's, take a live link for dead whenever some node is absent.
    private const int TokenWithDefaultLinks = 1000;

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>corosync.conf, the same on every machine.</summary>
    /// <param name="nodes">All nodes, with their ids.</param>
    /// <param name="cluster">The cluster's name, the lock manager's as well.</param>
    /// <param name="token">The token's time: what is gone is noticed after 2.2 times that.</param>
    public static string Corosync(IReadOnlyList<(InitNode Node, uint Id)> nodes, string cluster, TimeSpan token)
    {
        int milliseconds = (int)token.TotalMilliseconds;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $$"""
            # The same file on every node, as /etc/corosync/corosync.conf.
            totem {
                version: 2
                # The lock manager compares it with its own.
                cluster_name: {{cluster}}
                transport: knet
                crypto_cipher: aes256
                crypto_hash: sha256
                # Milliseconds. A node that is gone is noticed after 2.2 times that.
                token: {{milliseconds}}
                # Without this, each node beyond two adds 650 ms.
                token_coefficient: 0

            """);
        if (milliseconds < TokenWithDefaultLinks)
        {
            text.Append("""
                    interface {
                        linknumber: 0
                        # By default half the token: with a short one, live links are taken for dead.
                        knet_ping_interval: 200
                        knet_ping_timeout: 2000
                    }

                """);
        }

        text.Append("""
            }
            quorum {
                provider: corosync_votequorum
            }
            logging {
                to_syslog: yes
                timestamp: hires
            }
            nodelist {

            """);
        foreach ((InitNode node, uint id) in nodes)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""
                    node {
                        # The lock manager's id of it, too.
                        nodeid: {{id}}
                        name: {{node.Name}}
                        ring0_addr: {{node.Host}}
                    }

                """);
        }

        return text.Append("}\n").ToString();
    }

    /// <summary>tyerd.json of one of the nodes.</summary>
    public static string Tyerd(InitNode node, uint id, IEnumerable<InitNode> all, string cluster)
    {
        var file = new JsonObject
        {
            ["Name"] = node.Name,
            ["Id"] = id,
            ["Cluster"] = cluster,
            ["Stack"] = "corosync",
            ["Listen"] = node.Listen,
            ["Peers"] = new JsonObject(all.Where(other => other != node).Select(other => KeyValuePair.Create<string, JsonNode?>(other.Name, other.Listen))),
            ["KeyFile"] = "/etc/tyer/cluster.key",
            ["Lease"] = "10s",
            ["Socket"] = "/run/tyer/tyerd.sock",
        };
        return file.ToJsonString(Readable) + "\n";
    }
}
