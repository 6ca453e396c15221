using System.Globalization;
using Tyer.Cluster.Etcd.Client;
using Tyer.Cluster.Etcd.Registry;
using Tyer.Cluster.Glue;
using Tyer.Time;

namespace Tyer.Cluster.Etcd;

/// <summary>
/// Membership by etcd: every node keeps a key under a lease of etcd's, and the lowest of them writes the numbered view. That a key is gone says that a node was
/// not heard of for a time, or not even that; never that it has stopped, which <see cref="LeasedStack"/> finds out.
/// </summary>
public sealed class EtcdEngine : IMembershipEngine
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromMilliseconds(200);

    private readonly EtcdOptions _options;
    private readonly IClock _clock;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<string> _orders = [];
    private readonly TimeSpan _contactFor;
    private EtcdClient? _client;
    private ClusterRegistry? _registry;
    private IMembershipEvents? _events;
    private Joiner? _joiner;
    private Task _running = Task.CompletedTask;
    private long _lease;
    private TimeSpan _renewedAt;
    private long _awaitedView;
    private bool _hasContact = true;
    private bool _isOut;
    private bool _isRefused;
    private bool _hasLeft;

    /// <summary>Makes the engine; nothing is connected before <see cref="JoinAsync"/>.</summary>
    /// <param name="options">Where etcd is.</param>
    /// <param name="clock">Tells how long etcd has not answered.</param>
    /// <exception cref="ArgumentException">An option is wrong; the message names it.</exception>
    public EtcdEngine(EtcdOptions options, IClock clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(clock);
        options.Validate();
        _options = options;
        _clock = clock;
        // Well inside the time to live: when the others go on without it, this node has known for a while.
        _contactFor = options.TimeToLive * 0.75;
    }

    /// <inheritdoc/>
    public string Name => "etcd";

    /// <inheritdoc/>
    /// <remarks>Where the leader of etcd dies with the node, its successor gives all leases their full time again, and needs a while to be elected.</remarks>
    public TimeSpan? Detection => (_options.TimeToLive * 2) + TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public ValueTask JoinAsync(Joiner joiner, IMembershipEvents events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(joiner);
        ArgumentNullException.ThrowIfNull(events);
        _client = new EtcdClient(_options);
        _joiner = joiner;
        _events = events;
        _registry = new ClusterRegistry(joiner, new RegistryKeys(_options.Prefix, joiner.Cluster));
        _running = Task.Run(RunAsync, CancellationToken.None);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Prove(NodeIncarnation departed, FenceProof proof) => Order(
        $"prove {departed}", registry => registry.IsDone(departed) ? null : registry.Prove(departed, proof), registry => registry.IsDone(departed));

    /// <inheritdoc/>
    public void Evict(NodeIncarnation member, string why) =>
        Order($"evict {member}", registry => registry.Evict(member, why), registry => registry.Evict(member, why) is null);

    /// <inheritdoc/>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        while (true)
        {
            TransactionRequest? leave;
            lock (_gate)
            {
                _hasLeft = true;
                leave = _isOut ? null : _registry!.Leave();
            }

            if (leave is null) return;
            try
            {
                if ((await _client!.TransactAsync(leave, either.Token).ConfigureAwait(false)).Succeeded) return;
            }
            catch (EtcdException)
            {
                // Perhaps it has happened; what the watch brings will tell.
            }

            await Task.Delay(TryAgain, either.Token).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        if (_client is { } client)
        {
            // The others need not wait for the time to live to run out; that this node has stopped is proven by nothing here.
            try
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
                if (_lease != 0 && (!_isOut || _isRefused)) await client.RevokeAsync(_lease, limit.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is EtcdException or OperationCanceledException)
            {
                // It runs out by itself.
            }

            client.Dispose();
        }

        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await RegisterAsync().ConfigureAwait(false);
            await Task.WhenAll(WatchAsync(), KeepAliveAsync()).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The node stops.
        }
        catch (Exception e)
        {
            // What is not understood is not acted upon.
            Leave($"the engine cannot go on: {e.Message}");
        }
    }

    /// <summary>Registers this node, when its id is free and nobody objects.</summary>
    private async Task RegisterAsync()
    {
        while (true)
        {
            try
            {
                if (_lease == 0) await GrantAsync().ConfigureAwait(false);
                else if (!await RenewAsync().ConfigureAwait(false)) continue;
                await LoadAsync().ConfigureAwait(false);
                if (_registry!.Refusal() is { } refusal)
                {
                    Refuse(refusal);
                    return;
                }

                Registration? own = _registry.Own;
                if (own?.Record.Incarnation == _joiner!.Self.Incarnation.Value)
                {
                    // From the moment on at which it was registered: whoever comes next may have listed it at once, and no view is missed.
                    await LoadAsync(own.CreateRevision).ConfigureAwait(false);
                    await ProposeAsync().ConfigureAwait(false);
                    return;
                }

                if (_registry.Objection() is { } objection)
                {
                    _events!.OnWaiting(objection);
                }
                else if (own is null)
                {
                    await _client!.TransactAsync(_registry.Register(_lease), _stop.Token).ConfigureAwait(false);
                    continue;
                }
                else
                {
                    await TakeOverAsync(own).ConfigureAwait(false);
                }
            }
            catch (EtcdException e)
            {
                _events!.OnWaiting(e.Message);
            }

            await Task.Delay(TryAgain, _stop.Token).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// An earlier life of this very node is still registered: it has ended, for its state directory is in use here, and goes at once. One that is registered from
    /// elsewhere is another machine's, and stays as long as it is heard.
    /// </summary>
    private async Task TakeOverAsync(Registration own)
    {
        Member self = _joiner!.Self;
        if (own.Record.Name != self.Name || own.Record.Incarnation > self.Incarnation.Value || !own.Record.Addresses.SequenceEqual(self.Addresses))
        {
            _events!.OnWaiting($"the id {self.Id} is in use by {own.Record.Name} at {string.Join(", ", own.Record.Addresses)}; ids are unique in a cluster");
            return;
        }

        var earlier = new NodeIncarnation(self.Id, new Incarnation(own.Record.Incarnation));
        await _client!.TransactAsync(_registry!.TakeOver(earlier)!, _stop.Token).ConfigureAwait(false);
    }

    /// <param name="revision">As it was then; 0: as it is now.</param>
    private async Task LoadAsync(long revision = 0)
    {
        var keys = new RegistryKeys(_options.Prefix, _joiner!.Cluster);
        RangeResponse all = await _client!.RangeAsync(new RangeRequest(keys.First, keys.End, revision), _stop.Token).ConfigureAwait(false);
        lock (_gate) _registry!.Load(all, revision);
    }

    private async Task WatchAsync()
    {
        var keys = new RegistryKeys(_options.Prefix, _joiner!.Cluster);
        while (!IsOver())
        {
            try
            {
                await foreach (WatchResponse changes in _client!.WatchAsync(keys.First, keys.End, _registry!.Revision + 1, _stop.Token).ConfigureAwait(false))
                {
                    if (changes.CompactRevision > 0)
                    {
                        Leave($"etcd does not keep its history since revision {_registry.Revision} any more, so views may have been missed");
                        return;
                    }

                    if (changes.Canceled) break;
                    lock (_gate) Tell(_registry.Apply(changes));
                    TellContact();
                    await ProposeAsync().ConfigureAwait(false);
                    if (IsOver()) return;
                }
            }
            catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
            {
                // The endpoint was changed.
                continue;
            }
            catch (Exception e) when (e is EtcdException or HttpRequestException or IOException or System.Text.Json.JsonException)
            {
                // Whether etcd is there at all, renewals tell.
                _client!.MoveOn();
            }

            await Task.Delay(TryAgain, _stop.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Writes the next view, if that is this node's to do. If somebody else has been faster, or somebody has come or gone meanwhile, the watch tells.</summary>
    private async Task ProposeAsync()
    {
        Proposal? proposal;
        lock (_gate) proposal = _hasLeft || _isOut ? null : _registry!.NextView();
        if (proposal is null) return;
        try
        {
            await _client!.TransactAsync(proposal.Transaction, _stop.Token).ConfigureAwait(false);
        }
        catch (EtcdException)
        {
            // Unknown: tried again with what the watch brings, or by the next renewal.
        }
    }

    private async Task KeepAliveAsync()
    {
        TimeSpan wait = _options.TimeToLive / 5;
        while (!IsOver())
        {
            await Task.Delay(wait, _stop.Token).ConfigureAwait(false);
            wait = _options.TimeToLive / 5;
            try
            {
                if (!await RenewAsync().ConfigureAwait(false))
                {
                    if (!IsOver()) Leave("its lease in etcd is gone");
                    return;
                }

                await LookAfterLossAsync().ConfigureAwait(false);
                await ProposeAsync().ConfigureAwait(false);
            }
            catch (EtcdException e)
            {
                wait = TryAgain;
                TellLoss(e.Message);
            }
        }
    }

    private void TellLoss(string why)
    {
        TimeSpan since = _clock.Now - _renewedAt;
        lock (_gate)
        {
            if (since < _contactFor || !_hasContact || _isOut) return;
            _hasContact = false;
            _events!.OnContactLost(string.Create(CultureInfo.InvariantCulture, $"for {since.TotalSeconds:0.0} s etcd has not answered: {why}"));
        }
    }

    /// <summary>Etcd answers again: there is contact when the watch has brought all views that were written meanwhile.</summary>
    private async Task LookAfterLossAsync()
    {
        lock (_gate)
        {
            if (_hasContact) return;
        }

        var keys = new RegistryKeys(_options.Prefix, _joiner!.Cluster);
        RangeResponse view = await _client!.RangeAsync(new RangeRequest(keys.View), _stop.Token).ConfigureAwait(false);
        lock (_gate) _awaitedView = view.Kvs is [var kv] ? kv.ModRevision : 0;
        TellContact();
    }

    private void TellContact()
    {
        lock (_gate)
        {
            if (_hasContact || _isOut || _awaitedView == 0 || _registry!.ViewRevision < _awaitedView) return;
            _hasContact = true;
            _awaitedView = 0;
            _events!.OnContact();
        }
    }

    private async Task GrantAsync()
    {
        TimeSpan sent = _clock.Now;
        _lease = (await _client!.GrantAsync(_stop.Token).ConfigureAwait(false)).Id;
        _renewedAt = sent;
    }

    /// <summary>Renews etcd's lease; false, and none is there, if it has run out. A renewal counts from when it was sent.</summary>
    private async Task<bool> RenewAsync()
    {
        TimeSpan sent = _clock.Now;
        if (!await _client!.KeepAliveAsync(_lease, _stop.Token).ConfigureAwait(false))
        {
            _lease = 0;
            return false;
        }

        _renewedAt = sent;
        return true;
    }

    /// <summary>Sees to it that something comes to be; what is asked for again meanwhile is asked for once.</summary>
    private void Order(string what, Func<ClusterRegistry, TransactionRequest?> make, Func<ClusterRegistry, bool> isDone)
    {
        lock (_gate)
        {
            if (_isOut || _hasLeft || !_orders.Add(what)) return;
        }

        _ = Task.Run(CarryOutAsync);

        async Task CarryOutAsync()
        {
            try
            {
                while (true)
                {
                    TransactionRequest? transaction;
                    lock (_gate)
                    {
                        if (_isOut || isDone(_registry!)) return;
                        transaction = make(_registry!);
                    }

                    try
                    {
                        if (transaction is not null) await _client!.TransactAsync(transaction, _stop.Token).ConfigureAwait(false);
                    }
                    catch (EtcdException)
                    {
                        // Tried again.
                    }

                    await Task.Delay(TryAgain, _stop.Token).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                // The node stops.
            }
            finally
            {
                lock (_gate) _orders.Remove(what);
            }
        }
    }

    private void Tell(List<RegistryNews> news)
    {
        foreach (RegistryNews each in news)
        {
            if (_isOut || _hasLeft) return;
            switch (each)
            {
                case ViewNews view: _events!.OnView(view.View, view.Why); break;
                case ProofNews proof: _events!.OnProven(proof.Departed, proof.Proof); break;
                case RemovedNews removed: Leave(removed.Why); break;
                case RefusedNews refused: Refuse(refused.Why); break;
            }
        }
    }

    private void Leave(string why)
    {
        lock (_gate)
        {
            if (_isOut || _hasLeft) return;
            _isOut = true;
            _events!.OnRemoved(why);
        }
    }

    private void Refuse(string why)
    {
        lock (_gate)
        {
            if (_isOut || _hasLeft) return;
            _isOut = _isRefused = true;
            _events!.OnRefused(why);
        }
    }

    private bool IsOver()
    {
        lock (_gate) return _isOut;
    }
}
