using System.Globalization;
using Tyer.Cli.Running;
using Tyer.Daemon.Hosting;
using Tyer.Daemon.Places;
using Tyer.Daemon.Text;
using Tyer.Sessions;

namespace Tyer.Cli.Connections;

/// <summary>
/// Starts a daemon for this user where there is none: one node, alone, which ends by itself some time after its last session. Only where
/// nothing speaks of a cluster, so that nobody locks against himself who believes to lock against others.
/// </summary>
internal sealed class PrivateDaemon(SelfCommand self, Action<string> say)
{
    /// <summary>How long it outlives its last session.</summary>
    public static readonly TimeSpan IdleExit = TimeSpan.FromSeconds(60);

    /// <summary>The hidden command under which this program is the daemon.</summary>
    public const string Verb = "daemon";

    private const string LockFile = "start.lock";
    private const string LogFile = "tyerd.log";
    private const string UnixPrefix = "unix:";

    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Why none may be started; null: one may.</summary>
    /// <param name="socket">The socket from the command line; null: none was named.</param>
    public static string? ForbiddenBecause(string? socket)
    {
        if (socket is not null) return "--socket names the daemon to use";
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(SocketPaths.Variable))) return $"{SocketPaths.Variable} names the daemon to use";
        return File.Exists(SocketPaths.ConfigurationFile) ? $"{SocketPaths.ConfigurationFile} says that this machine has one of its own" : null;
    }

    /// <summary>Starts one, or waits for the one that somebody else is starting, and connects to it.</summary>
    /// <param name="connect">Connects by the usual rules.</param>
    /// <param name="cancellationToken">Gives up; a daemon that was started by then stays.</param>
    /// <exception cref="CommandFailure">It could not be started.</exception>
    public async Task<IConnection> StartAsync(Func<CancellationToken, Task<IConnection>> connect, CancellationToken cancellationToken)
    {
        string socket = Choose();
        string folder = Path.GetDirectoryName(socket)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartMax);
        try
        {
            // One starts, the others wait for him, and find it running.
            using FileStream turn = await TakeTurnAsync(Path.Combine(folder, LockFile), limit.Token).ConfigureAwait(false);
            try
            {
                return await connect(limit.Token).ConfigureAwait(false);
            }
            catch (LockUnavailableException exception) when (exception.Reason == UnavailableReason.Unreachable)
            {
                int process = await SpawnAsync(socket, Path.Combine(folder, LogFile), limit.Token).ConfigureAwait(false);
                say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"no daemon was running: a private one for this user was started (pid {process}, {socket}); it ends {DurationText.Format(IdleExit)} after its last session."));
                return await connect(limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailure(
                ExitCodes.Unavailable, $"no daemon was running, and a private one did not start within {DurationText.Format(StartMax)}; see {Path.Combine(folder, LogFile)}.");
        }
    }

    private static string Choose()
    {
        try
        {
            return SocketPlace.Choose(null)[UnixPrefix.Length..];
        }
        catch (IOException exception)
        {
            throw new CommandFailure(ExitCodes.Unavailable, $"no daemon is running, and no private one can be started: {exception.Message}", exception);
        }
    }

    private static async Task<FileStream> TakeTurnAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path))
            {
                // Somebody else has his turn.
                await Task.Delay(LookInterval, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<int> SpawnAsync(string socket, string log, CancellationToken cancellationToken)
    {
        using var daemon = BackgroundProcess.Start(self, descriptor => DaemonArguments(socket, descriptor), log);
        string? line = await daemon.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (line == ReadySignal.Good) return daemon.ProcessId;
        throw new CommandFailure(
            ExitCodes.Unavailable, $"no daemon was running, and a private one did not start: {line ?? $"it ended without a word; see {log}."}");
    }

    private static string[] DaemonArguments(string socket, int descriptor) =>
    [
        Verb,
        "--socket", socket,
        "--stack", "local",
        "--idle-exit", DurationText.Format(IdleExit),
        "--ready-fd", descriptor.ToString(CultureInfo.InvariantCulture),
    ];
}
