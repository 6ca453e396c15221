namespace Tyer.Cli.Connections;

internal sealed class DaemonConnector : IConnector
{
    public ValueTask<IConnection> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken) =>
        throw new CommandFailure(ExitCodes.Unavailable, "no daemon answers.");
}
