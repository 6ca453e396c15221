using System.Globalization;
using Microsoft.Extensions.Logging;
using Tyer.Cluster.Etcd.Managed;
using Tyer.Daemon.Text;

namespace Tyer.Daemon.Configuration;

/// <summary>One key of the configuration: the same name in the file, in the environment and, spelled as a flag, on the command line.</summary>
/// <param name="Name">Its name: <c>SessionTimeout</c>.</param>
/// <param name="ValueName">What stands for its value in the help.</param>
/// <param name="Description">What it does, with its default.</param>
/// <param name="Apply">Sets it from its text; a <see cref="FormatException"/> tells what a good text is.</param>
internal sealed record SettingKey(string Name, string ValueName, string Description, Action<DaemonSettings, string> Apply)
{
    /// <summary>The key that has one value per peer: <c>Peers:n2</c>; its flag is <c>--peer n2=ADDRESS</c>.</summary>
    public const string Peers = "Peers";

    private const string Switch = "true|false";

    /// <summary>All keys but the peers', in the order of the help.</summary>
    public static IReadOnlyList<SettingKey> All { get; } =
    [
        new("Name", "NAME", "This node's name. Default: the host's name.", (to, text) => to.Node.Name = text),
        new("Id", "1-1023", "This node's id, unique in the cluster. Default: the number at the end of the name; 1 with the stack local.",
            (to, text) => to.Node.Id = Number(text)),
        new("Cluster", "NAME", "The cluster's name; nodes of different clusters refuse each other. Default: tyer.", (to, text) => to.Node.Cluster = text),
        new("Listen", "ADDRESS", "Where other nodes connect to, such as tcp://127.0.0.1:7600. Needed with peers.", (to, text) => to.Node.Listen = text),
        new("PathPolicy", "POLICY", "Which of several paths carries what is sent to another node: passive (the first that is up) or least-queued (left when much waits on it and less on another). Default: passive.",
            (to, text) => to.Node.PathPolicy = text),
        new("HeartbeatPriority", "0-15", "The priority of heartbeats between nodes in this machine's queues (SO_PRIORITY); above 6 it takes CAP_NET_ADMIN. Default: 6.",
            (to, text) => to.Node.HeartbeatPriority = Number(text)),
        new("HeartbeatDscp", "0-63", "The mark of heartbeats between nodes for routers and switches. Default: 0, none.", (to, text) => to.Node.HeartbeatDscp = Number(text)),
        new("Security", "MODE", "How the nodes know each other: none (only within this machine), psk (by a key), psk+seal (and what they say is encrypted) or mtls (by certificates). Default: psk+seal with a key file, else mtls with a certificate, else none.",
            (to, text) => to.Node.Security = text),
        new("KeyFile", "FILE", "The file with the keys of the cluster, made by 'tyer keygen'; the same on every node. Read again on HUP.", (to, text) => to.Node.KeyFile = text),
        new("Certificate", "FILE", "This node's certificate, PEM; 'tyer cert' makes one. Clients over TCP need one then, too. Read again on HUP.", (to, text) => to.Node.Certificate = text),
        new("PrivateKey", "FILE", "The key to the certificate, PEM, for its owner only.", (to, text) => to.Node.PrivateKey = text),
        new("Authority", "FILE", "The certificate of the cluster's own authority, PEM; no other is believed.", (to, text) => to.Node.Authority = text),
        new("Revoked", "FILE", "Serial numbers of certificates that are not believed any more, one a line. Read again on HUP. Default: none.", (to, text) => to.Node.Revoked = text),
        new("ClientListen", "ADDRESS", "Where programs of other machines connect to, such as tcp://0.0.0.0:7601; they and this node need certificates. Default: nowhere.",
            (to, text) => to.Node.ClientEndpoints.Add(text)),
        new("Socket", "PATH", "Where the programs of this machine connect to. Default: $TYER_SOCKET, or the first of the usual places that can be made.",
            (to, text) => to.Socket = text),
        new("State", "DIRECTORY", "Where nodes keep what must survive them; each has a folder of its own in it.", (to, text) => to.Node.StateDirectory = text),
        new("Stack", "NAME", "What decides who is a member: local (a single node), corosync, etcd, static (a fixed list of peers, for tests) or external (a control daemon tells it). Default: local.",
            (to, text) => to.Node.Stack = text),
        new("Lease", "SPAN", "How long a node may act without the word of a majority, with the stacks corosync and etcd; the same on every node. Default: 10s.",
            (to, text) => to.Node.Lease = Span(text)),
        new("FenceDelay", "SPAN", "How long a lost node is given before its power is cut by the agents of the key Fence, which is for the file only. Default: 0s.",
            (to, text) => to.Node.FenceDelay = Span(text)),
        new("OnExpulsion", "POLICY", "What this node does to its clients when it is put out of its cluster, beside telling them: notify (nothing), disconnect, kill (the processes of this machine that have a lockspace open) or watchdog (the machine is reset). Default: notify.",
            (to, text) => to.Node.OnExpulsion = Word<ExpulsionPolicy>(text)),
        new("OnQuorumLoss", "POLICY", "What happens to what is held when no majority answers: revoke (it is lost when the lease has run out) or freeze (it is kept until the machine is stopped; needs Fence for every node, or OnExpulsion watchdog). The same on every node. Default: revoke.",
            (to, text) => to.Node.OnQuorumLoss = Word<QuorumLossPolicy>(text)),
        new("Watchdog", "PATH", "The machine's watchdog, which is fed as long as this node may act, such as /dev/watchdog; or a FIFO. Default: none.", (to, text) => to.Node.Watchdog = text),
        new("WatchdogTimeout", "SPAN", "How long the watchdog waits before it resets the machine, in whole seconds; the same on every node. Default: 10s.",
            (to, text) => to.Node.WatchdogTimeout = Span(text)),
        new("WatchdogInterval", "SPAN", "How often it is fed, at most half of WatchdogTimeout. Default: a quarter of it.", (to, text) => to.Node.WatchdogInterval = Span(text)),
        new("EtcdEndpoints", "URLS", "Where etcd serves its clients, all of its members, with commas between them: http://10.0.0.1:2379,http://10.0.0.2:2379.",
            (to, text) => to.Etcd.Endpoints = [.. text.Split(',', StringSplitOptions.TrimEntries).Select(Url)]),
        new("EtcdMembers", "MEMBERS", "Have this daemon run etcd itself, as the member of this node's name: all members and where they reach each other, the same on all nodes, such as n1=http://10.0.0.1:2380,n2=http://10.0.0.2:2380,n3=http://10.0.0.3:2380. Default: somebody else runs etcd.",
            (to, text) =>
            {
                _ = ManagedEtcdOptions.ParseMembers(text);
                to.Etcd.Members = text;
            }),
        new("EtcdTimeToLive", "SPAN", "How long etcd keeps a node that it does not hear, in whole seconds. Default: 6s.", (to, text) => to.Etcd.TimeToLive = Span(text)),
        new("EtcdPrefix", "TEXT", "What Tyer's keys in etcd begin with, before the cluster's name. Default: /tyer/.", (to, text) => to.Etcd.Prefix = text),
        new("EtcdUser", "NAME", "The user that etcd knows this node as. Default: none.", (to, text) => to.Etcd.User = text),
        new("EtcdPasswordFile", "FILE", "The file with that user's password in its first line.", (to, text) => to.Etcd.PasswordFile = text),
        new("EtcdAuthority", "FILE", "The certificates of the authorities that etcd's own is believed by, PEM. Default: those of the system.", (to, text) => to.Etcd.Authority = text),
        new("EtcdCertificate", "FILE", "This node's certificate for etcd, PEM. Default: none.", (to, text) => to.Etcd.Certificate = text),
        new("EtcdPrivateKey", "FILE", "The key to it, PEM.", (to, text) => to.Etcd.PrivateKey = text),
        new("Weight", "0-16", "How large a share of the directory this node takes, against the others. Default: 1.", (to, text) => to.Node.Weight = Number(text)),
        new("Shards", "1-64", "How many engines share the work. Default: one per processor.", (to, text) => to.Node.Shards = Number(text)),
        new("SessionTimeout", "SPAN", "How long a client's session lives without a sign of life. Default: 10s.", (to, text) => to.Node.SessionTimeout = Span(text)),
        new("Volatile", Switch, "Keep no state: after a restart, fencing tokens begin again. For tests only. Default: false.",
            (to, text) => to.Node.Volatile = Truth(text)),
        new("LogLevel", "LEVEL", "The least severe messages to log: Trace, Debug, Information, Warning, Error, Critical or None. Read again on HUP. Default: Information.",
            (to, text) => to.LogLevel = Level(text)),
        new("IdleExit", "SPAN", "End when no session has been open for so long. Default: never.", (to, text) => to.IdleExit = Span(text)),
    ];

    /// <summary>Whether its flag may stand alone, for true.</summary>
    public bool IsSwitch => ValueName == Switch;

    /// <summary>Its flag: <c>--session-timeout</c>.</summary>
    public string Flag => "--" + string.Concat(Name.Select((letter, i) => (i > 0 && char.IsUpper(letter) ? "-" : "") + char.ToLowerInvariant(letter)));

    private static int Number(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
        ? number
        : throw new FormatException("it takes a whole number");

    private static TimeSpan Span(string text) => DurationText.TryParse(text, out TimeSpan span)
        ? span
        : throw new FormatException($"it takes {DurationText.Examples}");

    private static Uri Url(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) ? url : throw new FormatException("it takes http://HOST:PORT or https://HOST:PORT");

    private static bool Truth(string text) => bool.TryParse(text, out bool truth) ? truth : throw new FormatException("it takes true or false");

    private static T Word<T>(string text)
        where T : struct, Enum => text.All(char.IsAsciiLetter) && Enum.TryParse(text, ignoreCase: true, out T word)
        ? word
        : throw new FormatException(
            $"it takes one of {string.Join(", ", Enum.GetNames<T>().Select(name => name.ToLowerInvariant()))}.{Suggestion.Sentence(text, Enum.GetNames<T>().Select(name => name.ToLowerInvariant()))}");

    private static LogLevel Level(string text) => !int.TryParse(text, out _) && Enum.TryParse(text, ignoreCase: true, out LogLevel level)
        ? level
        : throw new FormatException($"it takes one of {string.Join(", ", Enum.GetNames<LogLevel>())}.{Suggestion.Sentence(text, Enum.GetNames<LogLevel>())}");
}
