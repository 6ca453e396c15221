using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer net-options</c>: how patient the node that is asked is with its peers; shown, or changed until it is started again.</summary>
internal sealed class NetOptionsCommand
{
    private readonly Option<TimeSpan?> _heartbeatInterval = Span("--hb-interval", "How often each path is pinged: 20ms to 5s.");
    private readonly Option<TimeSpan?> _heartbeatTimeout = Span("--hb-timeout", "The silence after which a path is down: 60ms to 30s, and at least three intervals.");
    private readonly Option<TimeSpan?> _stallTimeout = Span("--stall-timeout", "For how long a peer may answer pings and take no message before it is told of: 100ms to 10m.");
    private readonly Option<TimeSpan?> _connectInterval = Span("--connect-int", "The longest delay before the next attempt to reach a peer: 100ms to 2m.");
    private readonly Option<TimeSpan?> _failbackDelay = Span("--failback-delay", "For how long a better path must have been up before messages go back to it: 0 to 10m.");

    private readonly Option<int?> _pongCount = new("--pong-count")
    {
        HelpName = "NUMBER", Description = "Pongs in a row that prove a path: 1 to 100.", CustomParser = Values.OptionalNumber(1, 100),
    };

    private readonly Option<string?> _pathPolicy = new("--path-policy")
    {
        HelpName = "POLICY", Description = "Which path carries: 'passive', the first that is up, or 'least-queued', which is left when much waits on it and less on another.",
    };

    private readonly Option<string?> _peer = new("--peer") { HelpName = "PEER", Description = "With --path-policy: for this node only, by name or id." };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("net-options", "Show how patient this node is with its peers; or change it, until it is started again.")
        {
            _heartbeatInterval, _heartbeatTimeout, _pongCount, _stallTimeout, _connectInterval, _failbackDelay, _pathPolicy, _peer,
        };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        var order = new PeerOptions
        {
            HeartbeatInterval = invocation.Get(_heartbeatInterval),
            HeartbeatTimeout = invocation.Get(_heartbeatTimeout),
            PongCount = invocation.Get(_pongCount),
            StallTimeout = invocation.Get(_stallTimeout),
            ConnectInterval = invocation.Get(_connectInterval),
            FailbackDelay = invocation.Get(_failbackDelay),
            PathPolicy = invocation.Get(_pathPolicy),
            Peer = invocation.Get(_peer),
        };
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            PeerOptions options = await connection.Administration.SetPeerOptionsAsync(order, cancellationToken).ConfigureAwait(false);
            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, options);
            else Print(invocation.Out, options);
            return ExitCodes.Ok;
        }
    }

    private static void Print(TextWriter writer, PeerOptions options)
    {
        Line("hb-interval", Text(options.HeartbeatInterval));
        Line("hb-timeout", Text(options.HeartbeatTimeout));
        Line("pong-count", options.PongCount?.ToString(CultureInfo.InvariantCulture));
        Line("stall-timeout", Text(options.StallTimeout));
        Line("connect-int", Text(options.ConnectInterval));
        Line("failback-delay", Text(options.FailbackDelay));
        Line("path-policy", options.PathPolicy);

        void Line(string name, string? value) => writer.WriteLine($"{name,-14}  {value ?? "-"}");

        static string? Text(TimeSpan? span) => span is { } some ? string.Create(CultureInfo.InvariantCulture, $"{some.TotalMilliseconds:0}ms") : null;
    }

    private static Option<TimeSpan?> Span(string name, string description) =>
        new(name) { HelpName = "SPAN", Description = description, CustomParser = Values.OptionalSpan };
}
