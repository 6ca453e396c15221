using Tyer.Cli.Running;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Connections;

/// <summary>Finds the daemon by the rules that every client follows, or starts a private one where that is right.</summary>
internal sealed class DaemonConnector(SelfCommand self) : IConnector
{
    public async ValueTask<IConnection> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAsync(request.Socket, request.Label, cancellationToken).ConfigureAwait(false);
        }
        catch (LockUnavailableException exception) when (exception.Reason == UnavailableReason.Unreachable)
        {
            string? forbidden = PrivateDaemon.ForbiddenBecause(request.Socket);
            if (!request.MayStartPrivate || forbidden is not null)
                throw new CommandFailure(ExitCodes.Unavailable, $"{exception.Message} {Hint(forbidden)}", exception);
        }

        var starter = new PrivateDaemon(self, request.Say);
        return await starter.StartAsync(token => OpenAsync(null, request.Label, token), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<IConnection> OpenAsync(string? socket, string? label, CancellationToken cancellationToken)
    {
        try
        {
            return new ClientConnection(await TyerClient.ConnectAsync(OptionsFor(socket, label), cancellationToken).ConfigureAwait(false));
        }
        catch (ArgumentException exception)
        {
            // The name of a parameter tells somebody at a shell nothing.
            throw new CommandFailure(ExitCodes.Usage, exception.Message.Replace($" (Parameter '{exception.ParamName}')", "", StringComparison.Ordinal), exception);
        }
        catch (InvalidDataException exception)
        {
            throw new CommandFailure(ExitCodes.Error, exception.Message, exception);
        }
    }

    private static string Hint(string? forbidden) => forbidden is null
        ? "Start tyerd; 'tyer run' and 'tyer hold' start a private one by themselves."
        : $"No private daemon takes its place, because {forbidden}. Start tyerd, or name the right socket.";

    private static TyerClientOptions OptionsFor(string? socket, string? label) => new() { Endpoint = socket is null ? null : EndpointOf(socket), Label = label };

    /// <summary>A path is taken from the current folder, as everywhere on a command line.</summary>
    private static string EndpointOf(string socket) => socket.Contains(':', StringComparison.Ordinal) ? socket : Path.GetFullPath(socket);

    private sealed class ClientConnection(TyerClient client) : IConnection
    {
        public string Endpoint => client.Endpoint;

        public ITyerAdministration Administration => client.Administration;

        public ValueTask<ILockspace> OpenLockspaceAsync(string name, CancellationToken cancellationToken) =>
            client.OpenLockspaceAsync(name, null, cancellationToken);

        public ValueTask DisposeAsync() => client.DisposeAsync();
    }
}
