using System.CommandLine;
using System.Globalization;
using System.Text;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Init;
using Tyer.Comms.Security;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer init etcd</c>: writes the files that a cluster under etcd is started with.</summary>
internal sealed class InitCommand
{
    private const int LoopbackNodes = 3;
    private const int LoopbackStep = 10;
    private const int EtcdPort = 2379;

    private readonly Argument<string[]> _nodes = new("nodes")
    {
        HelpName = "NODE=HOST",
        Description = "The nodes, such as n1=10.0.0.1 n2=10.0.0.2 n3=10.0.0.3; names end in the node's id. Without any: three nodes on this machine, for trying out.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string> _directory = new("--directory", "-d") { HelpName = "DIRECTORY", Description = "Where the files go.", DefaultValueFactory = _ => "." };

    private readonly Option<string> _cluster = new("--cluster") { HelpName = "NAME", Description = "The cluster's name.", DefaultValueFactory = _ => "tyer" };

    private readonly Option<string?> _endpoints = new("--endpoints")
    {
        HelpName = "URLS",
        Description = "An etcd that is there already: where its members serve their clients, with commas between them. Without it each node runs a member of etcd itself.",
    };

    private readonly Option<int> _port = new("--port") { HelpName = "PORT", Description = "Where nodes listen; on one machine the first of the ports that are used.", DefaultValueFactory = _ => 7600 };

    public Command Build(CommandRunner runner)
    {
        var etcd = new Command("etcd", "Write the configuration of a cluster under etcd: a file for each node, and the cluster's key.") { _nodes, _directory, _cluster, _endpoints, _port };
        runner.Attach(etcd, (invocation, _) => Task.FromResult(Run(invocation)));
        return new Command("init", "Write the files that a cluster is started with.") { new InitCorosyncCommand().Build(runner), etcd };
    }

    private int Run(Invocation invocation)
    {
        string[] given = invocation.Get(_nodes) ?? [];
        int port = invocation.Get(_port);
        bool isLoopback = given.Length == 0;
        InitNode[] nodes = isLoopback
            ? [.. Enumerable.Range(0, LoopbackNodes).Select(i => new InitNode($"n{i + 1}", "127.0.0.1", port + (i * LoopbackStep), port + (i * LoopbackStep) + 1))]
            : [.. given.Select(text => Parse(text, port))];
        string? endpoints = invocation.Get(_endpoints);
        if (endpoints is null && nodes.Length % 2 == 0)
            throw new CommandFailure(ExitCodes.Usage, $"{nodes.Length} nodes would be {nodes.Length} members of etcd, which fail as soon as one less does: name three or five, or an etcd that is there already with --endpoints.");

        string directory = Path.GetFullPath(invocation.Get(_directory)!);
        Directory.CreateDirectory(directory);
        foreach (InitNode node in nodes)
            WriteNew(FileOf(directory, node), EtcdFiles.Of(node, nodes, invocation.Get(_cluster)!, endpoints, isLoopback ? directory : null));
        string key = Path.Combine(directory, "cluster.key");
        KeyFile.Create(key);

        TextWriter output = invocation.Out;
        output.WriteLine($"Written to {directory}: {string.Join(", ", nodes.Select(node => node.Name + ".json"))} and cluster.key.");
        if (endpoints is null) output.WriteLine("Each node runs a member of etcd: on its machine the package etcd-server has to be installed, and its own service disabled (systemctl disable --now etcd).");
        if (isLoopback)
        {
            foreach (InitNode node in nodes) output.WriteLine($"  tyerd --config {FileOf(directory, node)} &");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  tyer status --socket {Path.Combine(directory, nodes[0].Name)}.sock"));
        }
        else
        {
            output.WriteLine("Copy to each machine its file as /etc/tyer/tyerd.json, and cluster.key as /etc/tyer/cluster.key, which is for the daemon's user only; then start tyerd on all of them.");
            if (endpoints is null) output.WriteLine("Etcd's members speak to each other and to nodes without encryption, and ask nobody who he is: keep ports 2379 and 2380 to these machines, or give etcd certificates (see docs/operating.md).");
        }

        return ExitCodes.Ok;
    }

    internal static InitNode Parse(string text, int port)
    {
        if (text.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } host] || Uri.CheckHostName(host) == UriHostNameType.Unknown)
            throw new CommandFailure(ExitCodes.Usage, $"'{text}' is no node; one looks like n1=10.0.0.1.");
        if (!SystemName.IsValid(name) || !char.IsAsciiDigit(name[^1])) throw new CommandFailure(ExitCodes.Usage, $"'{name}' is no name of a node here: 1 to 64 of A-Z a-z 0-9 . _ - that end in the node's id, such as n1.");
        return new InitNode(name, host, port, EtcdPort);
    }

    internal static string FileOf(string directory, InitNode node) => Path.Combine(directory, node.Name + ".json");

    internal static void WriteNew(string path, string text) => WriteNew(path, Encoding.UTF8.GetBytes(text), mode: null);

    /// <summary>Writes a file that is not there yet, with this mode, or that of other files.</summary>
    internal static void WriteNew(string path, ReadOnlySpan<byte> bytes, UnixFileMode? mode)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (mode is not null && !OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
            using var file = new FileStream(path, options);
            file.Write(bytes);
        }
        catch (IOException e)
        {
            throw new CommandFailure(ExitCodes.Error, $"{path} cannot be written: {e.Message}");
        }
    }
}
