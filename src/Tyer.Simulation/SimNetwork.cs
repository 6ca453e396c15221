using System.Globalization;
using Tyer.Engine;
using Tyer.Engine.Messages;
using Tyer.Engine.Recovery;

namespace Tyer.Simulation;

/// <summary>
/// Reliable sessions between incarnations: what is sent arrives once and in order per pair, however late; it is lost only with the session,
/// which ends by a view. A broken connection shows as delay: what was in flight is sent again when there is one.
/// </summary>
internal sealed class SimNetwork(SimWorld world, Func<MemberId, SimNode?> find)
{
    private readonly Dictionary<(MemberId From, MemberId To), Channel> _channels = [];
    private readonly HashSet<(uint From, uint To)> _cut = [];

    internal int Cuts => _cut.Count;

    internal void Send(MemberId from, MemberId to, ulong view, ReadOnlySpan<byte> bytes) =>
        Enqueue(from, to, new Parcel(view, bytes.ToArray(), null));

    internal void Send(MemberId from, MemberId to, ulong view, RecoveryMarker marker) => Enqueue(from, to, new Parcel(view, null, marker));

    /// <summary>From here on nothing of one node reaches the other.</summary>
    internal void Cut(uint from, uint to) => _cut.Add((from, to));

    internal void Mend(uint from, uint to)
    {
        if (!_cut.Remove((from, to)))
            return;
        foreach (var (pair, channel) in _channels.OrderBy(each => each.Key.From.Incarnation).ThenBy(each => each.Key.To.Incarnation).ToArray())
        {
            if (pair.From.Node == from && pair.To.Node == to)
                Resume(pair.From, pair.To, channel);
        }
    }

    internal void MendAll()
    {
        foreach (var (from, to) in _cut.Order().ToArray())
            Mend(from, to);
    }

    internal bool IsCut(uint from, uint to) => _cut.Contains((from, to));

    /// <summary>A node does not listen to a departed one any more, nor speak to it.</summary>
    internal void Close(MemberId one, MemberId other)
    {
        _channels.Remove((one, other));
        _channels.Remove((other, one));
    }

    /// <summary>A node that stood still takes what has come meanwhile.</summary>
    internal void Thaw(MemberId node)
    {
        foreach (var (pair, channel) in _channels.OrderBy(each => each.Key.From.Node).ThenBy(each => each.Key.From.Incarnation).ToArray())
        {
            if (pair.To == node)
                Resume(pair.From, pair.To, channel);
        }
    }

    private void Enqueue(MemberId from, MemberId to, Parcel parcel)
    {
        if (!_channels.TryGetValue((from, to), out var channel))
            _channels.Add((from, to), channel = new Channel());
        channel.Parcels.Enqueue(parcel);
        Schedule(from, to, channel);
    }

    private void Schedule(MemberId from, MemberId to, Channel channel)
    {
        channel.Last = Math.Max(channel.Last, world.Now + world.Delay(world.Profile.LatencyMax));
        channel.Scheduled++;
        world.At(channel.Last, () => Deliver(from, to, channel));
    }

    private void Resume(MemberId from, MemberId to, Channel channel)
    {
        while (channel.Scheduled < channel.Parcels.Count)
            Schedule(from, to, channel);
    }

    private void Deliver(MemberId from, MemberId to, Channel channel)
    {
        channel.Scheduled--;
        if (_channels.GetValueOrDefault((from, to)) != channel || _cut.Contains((from.Node, to.Node)))
            return;
        if (find(to) is not { IsRunning: true, IsFrozen: false } receiver)
            return;
        receiver.Take(from, channel.Parcels.Dequeue());
    }

    internal readonly record struct Parcel(ulong View, byte[]? Message, RecoveryMarker? Marker)
    {
        internal string Describe()
        {
            if (Marker is { } marker)
                return marker.ToString();
            if (!MessageCodec.TryRead(Message, out var message))
                return "what cannot be read";
            var name = System.Text.Encoding.UTF8.GetString(message.Name);
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{message.Kind} {name}{(message.Lock == default ? "" : $" {message.Lock} op {message.Operation}")} {message.Mode?.ToShortName()}{(message.Wanted is { } wanted ? $"->{wanted.ToShortName()}" : "")}{(message.Node == 0 ? "" : $" n{message.Node}")}{(message.Facts == 0 ? "" : $" {message.Facts}")}");
        }
    }

    private sealed class Channel
    {
        internal Queue<Parcel> Parcels { get; } = new();

        internal int Scheduled { get; set; }

        internal long Last { get; set; }
    }
}
