using System.Runtime.CompilerServices;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Events;

/// <summary>
/// Knows what is there (nodes, connections, the view), and tells those who follow of every change of it. It takes what is said to it as the
/// present, and finds out itself what has changed: so what is told first and what is told later always fit together.
/// </summary>
internal sealed class EventHub(Func<DateTimeOffset> wallClock)
{
    /// <summary>Events that somebody has not taken yet, at most.</summary>
    internal const int QueueMax = 1024;

    private const string Nothing = "-";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<(string Object, string Key), EventField[]> _present = new(Comparer<(string Object, string Key)>.Create(static (one, other) =>
        string.CompareOrdinal(one.Object, other.Object) is not 0 and var order ? order : string.CompareOrdinal(one.Key, other.Key)));
    private readonly List<Follower> _followers = [];
    private long _number;

    /// <summary>An object is there, with these fields; whatever was said of it before.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="key">Which of its kind.</param>
    /// <param name="fields">All of its fields, in the order in which they are to be told.</param>
    internal void Set(string kind, string key, params IEnumerable<(string Name, string Value)> fields)
    {
        EventField[] now = [.. fields.Select(field => new EventField(field.Name, field.Value))];
        lock (_gate)
        {
            var isNew = !_present.TryGetValue((kind, key), out var before);
            _present[(kind, key)] = now;
            var told = isNew ? now : [.. now.Select(field => Changed(field, before!)).OfType<EventField>()];
            if (isNew || told.Length > 0)
                Tell(isNew ? EventKind.Create : EventKind.Change, kind, key, told);
        }
    }

    /// <summary>An object is there no more.</summary>
    internal void Remove(string kind, string key)
    {
        lock (_gate)
        {
            if (_present.Remove((kind, key)))
                Tell(EventKind.Destroy, kind, key, []);
        }
    }

    /// <summary>All that is there; then, if wanted, what changes of it, until nobody wants that any more.</summary>
    internal async IAsyncEnumerable<ClusterEvent> FollowAsync(bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var follower = new Follower();
        lock (_gate)
        {
            List(follower);
            if (follow)
                _followers.Add(follower);
        }

        try
        {
            while (true)
            {
                ClusterEvent[] events;
                Task more;
                lock (_gate)
                    (events, more) = follower.Take();
                foreach (var each in events)
                    yield return each;
                if (!follow)
                    break;
                await more.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_gate)
                _followers.Remove(follower);
        }
    }

    private static EventField? Changed(EventField now, EventField[] before)
    {
        var known = Array.Find(before, field => field.Name == now.Name);
        return known?.Value == now.Value ? null : now with { Before = known?.Value };
    }

    private void Tell(EventKind kind, string what, string key, EventField[] fields)
    {
        _number++;
        if (_followers.Count == 0)
            return;
        var told = Event(kind, what, key, fields);
        foreach (var follower in _followers)
        {
            if (follower.TryAdd(told))
                continue;
            // Too late for him: he begins anew.
            follower.Clear();
            follower.TryAdd(Event(EventKind.Lost, Nothing, "", []));
            List(follower);
        }
    }

    private void List(Follower follower)
    {
        foreach (var ((kind, key), fields) in _present)
            follower.Add(Event(EventKind.Exists, kind, key, fields));
        follower.Add(Event(EventKind.Exists, Nothing, "", []));
    }

    private ClusterEvent Event(EventKind kind, string what, string key, EventField[] fields) =>
        new() { Number = _number, Time = wallClock(), Kind = kind, Object = what, Key = key, Fields = fields };

    /// <summary>Somebody who wants to be told. Under the hub's gate.</summary>
    private sealed class Follower
    {
        private readonly List<ClusterEvent> _queue = [];
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal bool TryAdd(ClusterEvent told)
        {
            if (_queue.Count >= QueueMax)
                return false;
            Add(told);
            return true;
        }

        // What is there is bounded by what is configured, and told whole.
        internal void Add(ClusterEvent told)
        {
            _queue.Add(told);
            _more.TrySetResult();
        }

        internal void Clear() => _queue.Clear();

        internal (ClusterEvent[] Events, Task More) Take()
        {
            ClusterEvent[] taken = [.. _queue];
            _queue.Clear();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return (taken, _more.Task);
        }
    }
}
