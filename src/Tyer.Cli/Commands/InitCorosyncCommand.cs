using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Init;
using Tyer.Comms.Security;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer init corosync</c>: writes the files that a cluster under corosync is started with.</summary>
internal sealed class InitCorosyncCommand
{
    private const int TokenMin = 250;
    private const int TokenMax = 60_000;

    private readonly Argument<string[]> _nodes = new("nodes")
    {
        HelpName = "NODE=HOST",
        Description = "The nodes, one per machine, such as n1=10.0.0.1 n2=10.0.0.2 n3=10.0.0.3; names end in the node's id.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _directory = new("--directory", "-d") { HelpName = "DIRECTORY", Description = "Where the files go.", DefaultValueFactory = _ => "." };

    private readonly Option<string> _cluster = new("--cluster") { HelpName = "NAME", Description = "The cluster's name.", DefaultValueFactory = _ => "tyer" };

    private readonly Option<int> _port = new("--port") { HelpName = "PORT", Description = "Where nodes listen to each other.", DefaultValueFactory = _ => 7600 };

    private readonly Option<int> _token = new("--token")
    {
        HelpName = "MILLISECONDS",
        Description = "corosync's token timer, 250 to 60000: a node that is gone is noticed after 2.2 times that.",
        DefaultValueFactory = _ => 1000,
    };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("corosync", "Write the configuration of a cluster under corosync: corosync.conf, a file for each node, and the keys.") { _nodes, _directory, _cluster, _port, _token };
        runner.Attach(command, (invocation, _) => Task.FromResult(Run(invocation)));
        return command;
    }

    private int Run(Invocation invocation)
    {
        int port = invocation.Get(_port);
        int token = invocation.Get(_token);
        string cluster = invocation.Get(_cluster)!;
        (InitNode Node, uint Id)[] nodes = [.. (invocation.Get(_nodes) ?? []).Select(text => InitCommand.Parse(text, port)).Select(node => (node, IdOf(node.Name)))];
        if (nodes.GroupBy(each => each.Id).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new CommandFailure(ExitCodes.Usage, $"{string.Join(" and ", twice.Select(each => each.Node.Name))} have the same id, {twice.Key}: names end in ids that differ.");
        if (nodes.Length < 3)
            throw new CommandFailure(ExitCodes.Usage, $"{nodes.Length} of {nodes.Length} nodes are the only majority there is, so that all stop when one fails: name three or more.");
        if (token is < TokenMin or > TokenMax) throw new CommandFailure(ExitCodes.Usage, $"'--token' takes {TokenMin} to {TokenMax} milliseconds.");
        if (!SystemName.IsValid(cluster)) throw new CommandFailure(ExitCodes.Usage, $"'{cluster}' is no name: it takes 1 to 64 of A-Za-z0-9._-.");

        string directory = Path.GetFullPath(invocation.Get(_directory)!);
        Directory.CreateDirectory(directory);
        InitCommand.WriteNew(Path.Combine(directory, "corosync.conf"), CorosyncFiles.Corosync(nodes, cluster, TimeSpan.FromMilliseconds(token)));
        InitCommand.WriteNew(Path.Combine(directory, "authkey"), RandomNumberGenerator.GetBytes(CorosyncFiles.AuthKeyBytes), UnixFileMode.UserRead);
        InitCommand.WriteNew(Path.Combine(directory, "uidgid-tyer"), CorosyncFiles.UidGid);
        foreach ((InitNode node, uint id) in nodes)
            InitCommand.WriteNew(InitCommand.FileOf(directory, node), CorosyncFiles.Tyerd(node, id, nodes.Select(each => each.Node), cluster));
        KeyFile.Create(Path.Combine(directory, "cluster.key"));

        TextWriter output = invocation.Out;
        output.WriteLine($"Written to {directory}: corosync.conf, authkey, uidgid-tyer, {string.Join(", ", nodes.Select(each => each.Node.Name + ".json"))} and cluster.key.");
        output.WriteLine("On each machine, with the package corosync installed:");
        output.WriteLine("  1. corosync.conf goes to /etc/corosync/corosync.conf, authkey to /etc/corosync/authkey (owner root, mode 0400),");
        output.WriteLine("     and uidgid-tyer to /etc/corosync/uidgid.d/tyer, once the user tyer is there: it lets the lock manager's service in;");
        output.WriteLine("  2. systemctl enable --now corosync; corosync-quorumtool -s then says 'Quorate: Yes' on all;");
        output.WriteLine("  3. its NODE.json goes to /etc/tyer/tyerd.json, and cluster.key to /etc/tyer/cluster.key (for the daemon's user only); then start tyerd.");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"corosync speaks UDP, port 5405; the nodes TCP, port {port}. A node that is gone is noticed after {2.2 * token / 1000:0.0} s."));
        return ExitCodes.Ok;
    }

    private static uint IdOf(string name)
    {
        string digits = new([.. name.Reverse().TakeWhile(char.IsAsciiDigit).Reverse()]);
        return uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id is >= Limits.NodeIdMin and <= Limits.NodeIdMax
            ? id
            : throw new CommandFailure(ExitCodes.Usage, $"'{name}' has no id: the number at its end is {Limits.NodeIdMin} to {Limits.NodeIdMax}.");
    }
}
