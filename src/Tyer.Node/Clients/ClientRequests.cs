using Microsoft.Extensions.Logging;
using Tyer.Sessions.Wire;

namespace Tyer.Node.Clients;

/// <summary>
/// What a client asks for that takes its time: lockspaces, purges, questions. Each is a task of its own, so that none holds up the locks; they
/// are counted, and all end with the connection.
/// </summary>
internal sealed partial class ClientRequests(ClientConnection connection, ILogger log)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, CancellationTokenSource> _running = [];
    private bool _isOver;

    /// <summary>Starts one.</summary>
    /// <param name="number">The client's number for it; 0 where it wants no answer.</param>
    /// <param name="what">What it is, for the beginning of a sentence.</param>
    /// <param name="work">Does it and answers it; what it throws is the answer.</param>
    internal WireFault Start(uint number, string what, Func<CancellationToken, Task> work)
    {
        CancellationTokenSource cancellation;
        lock (_gate)
        {
            if (_isOver)
                return WireFault.None;
            if (_running.ContainsKey(number) && number != 0)
                return WireFault.WrongState;
            if (_running.Count >= NodeLimits.RequestsMax)
            {
                connection.Fail(number, what, new LockRefusedException(
                    RefusalReason.LimitReached, what, $"this session has {NodeLimits.RequestsMax} requests under way, as many as it may"));
                return WireFault.None;
            }

            cancellation = new CancellationTokenSource();
            if (number != 0)
                _running.Add(number, cancellation);
        }

        _ = RunAsync(number, what, work, cancellation);
        return WireFault.None;
    }

    /// <summary>The client does not want the answer any more.</summary>
    internal void Forget(uint number)
    {
        lock (_gate)
            _ = _running.GetValueOrDefault(number)?.CancelAsync();
    }

    /// <summary>The connection has ended.</summary>
    internal void CancelAll()
    {
        lock (_gate)
        {
            _isOver = true;
            foreach (var each in _running.Values)
                _ = each.CancelAsync();
        }
    }

    private async Task RunAsync(uint number, string what, Func<CancellationToken, Task> work, CancellationTokenSource cancellation)
    {
        // Off the reader: the work may begin with something that blocks.
        await Task.Yield();
        try
        {
            await work(cancellation.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            connection.EndAnswer(number);
        }
        catch (Exception failure)
        {
            if (failure is not (TyerException or ArgumentException))
                LogFailed(failure, what, connection.Number);
            connection.Fail(number, what, failure);
        }
        finally
        {
            lock (_gate)
            {
                if (number != 0)
                    _running.Remove(number);
                cancellation.Dispose();
            }
        }
    }

    [LoggerMessage(EventId = 1402, Level = LogLevel.Error, Message = "{What} failed, asked by session {Session}")]
    private partial void LogFailed(Exception failure, string what, uint session);
}
