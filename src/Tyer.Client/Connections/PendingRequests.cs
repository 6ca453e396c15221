namespace Tyer.Client.Connections;

/// <summary>Requests that wait for their answer, by number: opening and closing lockspaces, purges, questions.</summary>
internal sealed class PendingRequests
{
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, IPendingRequest> _waiting = [];
    private Exception? _over;
    private uint _last;

    /// <summary>Enters a request; returns its number.</summary>
    internal uint Add(IPendingRequest request)
    {
        lock (_gate)
        {
            if (_over is not null)
                throw _over;
            // 0 stands for the connection as a whole.
            while (++_last == 0 || _waiting.ContainsKey(_last))
            {
            }

            _waiting.Add(_last, request);
            return _last;
        }
    }

    /// <summary>What waits under this number, if it is of that sort.</summary>
    internal T? Find<T>(uint number)
        where T : class, IPendingRequest
    {
        lock (_gate)
            return _waiting.GetValueOrDefault(number) as T;
    }

    /// <summary>The same, and it waits no longer.</summary>
    internal T? Take<T>(uint number)
        where T : class, IPendingRequest
    {
        lock (_gate)
        {
            if (_waiting.GetValueOrDefault(number) is not T found)
                return null;
            _waiting.Remove(number);
            return found;
        }
    }

    /// <summary>The node says that it could not be done. False: nobody had asked.</summary>
    internal bool Fail(uint number, Exception failure)
    {
        if (Take<IPendingRequest>(number) is not { } failed)
            return false;
        failed.Fail(failure);
        return true;
    }

    /// <summary>Nothing is answered any more.</summary>
    internal void FailAll(Exception failure)
    {
        IPendingRequest[] failed;
        lock (_gate)
        {
            _over ??= failure;
            failed = [.. _waiting.Values];
            _waiting.Clear();
        }

        foreach (var each in failed)
            each.Fail(failure);
    }
}

/// <summary>Something that waits for an answer.</summary>
internal interface IPendingRequest
{
    /// <summary>There will be none.</summary>
    void Fail(Exception failure);
}

/// <summary>A request with one answer.</summary>
internal sealed class PendingRequest<T> : TaskCompletionSource<T>, IPendingRequest
{
    internal PendingRequest()
        : base(TaskCreationOptions.RunContinuationsAsynchronously)
    {
    }

    void IPendingRequest.Fail(Exception failure) => TrySetException(failure);
}
