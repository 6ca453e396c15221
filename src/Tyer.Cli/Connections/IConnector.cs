using Tyer.Sessions.Administration;

namespace Tyer.Cli.Connections;

/// <summary>Finds the daemon. A seam: commands are tested without one.</summary>
internal interface IConnector
{
    /// <summary>Connects to the daemon that the rules name.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandFailure">None answers; the message tells what was tried.</exception>
    ValueTask<IConnection> ConnectAsync(ConnectRequest request, CancellationToken cancellationToken);
}

/// <summary>A connection to a daemon.</summary>
internal interface IConnection : IAsyncDisposable
{
    /// <summary>What it is connected to, for messages.</summary>
    string Endpoint { get; }

    ITyerAdministration Administration { get; }

    ValueTask<ILockspace> OpenLockspaceAsync(string name, CancellationToken cancellationToken);
}

/// <summary>Which daemon is wanted.</summary>
/// <param name="Socket">The socket from the command line; null: by the usual rules.</param>
/// <param name="Label">What this program calls itself to the daemon; null: nothing.</param>
/// <param name="MayStartPrivate">Whether a private daemon may be started where none is found and nothing speaks of a cluster.</param>
/// <param name="Say">Where to tell about a daemon that was started.</param>
internal sealed record ConnectRequest(string? Socket, string? Label, bool MayStartPrivate, Action<string> Say);
