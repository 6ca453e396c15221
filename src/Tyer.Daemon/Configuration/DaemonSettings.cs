using Microsoft.Extensions.Logging;
using Tyer.Cluster.Corosync;
using Tyer.Time;

namespace Tyer.Daemon.Configuration;

/// <summary>What the daemon runs with: the node's options, and its own.</summary>
internal sealed class DaemonSettings
{
    /// <summary>What the node is to be.</summary>
    public TyerNodeOptions Node { get; } = new()
    {
        Engines = { ["corosync"] = static () => new CorosyncEngine(BootClock.Instance) },
    };

    /// <summary>What there is to say about etcd, for the stack of that name.</summary>
    public EtcdSettings Etcd { get; } = new();

    /// <summary>Where clients of this machine connect to; null: the first usual place that can be made.</summary>
    public string? Socket { get; set; }

    /// <summary>The least severe messages that are logged.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>How long after its last session a private daemon ends; null: never.</summary>
    public TimeSpan? IdleExit { get; set; }

    /// <summary>What deserves a second look, as sentences for the log.</summary>
    public IList<string> Cautions { get; } = [];

    /// <summary>The file that was read; null when there is none.</summary>
    public string? File { get; set; }
}
