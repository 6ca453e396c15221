using System.Text;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>Writes down what masters answer and sessions are told, in the order in which it happens.</summary>
internal sealed class Observer
{
    private readonly EngineCluster _cluster;
    private readonly List<Seen> _seen = [];

    internal Observer(EngineCluster cluster)
    {
        _cluster = cluster;
        _cluster.MessageSent = MessageSent;
    }

    /// <summary>What was seen since the last call.</summary>
    internal Seen[] Take()
    {
        TakeEvents();
        var taken = _seen.ToArray();
        _seen.Clear();
        return taken;
    }

    /// <summary>A value as it is compared: its text, and a word if it is not to be trusted.</summary>
    internal static string TextOf(ReadOnlySpan<byte> value, LockValueState state) =>
        Encoding.UTF8.GetString(value) + (state == LockValueState.Invalid ? " invalid" : "");

    /// <summary>A report as it is compared.</summary>
    internal static string? TextOf(WaitReport? report) => report is null ? null : TextOf(report.Position, report.HolderCount);

    internal static string TextOf(int position, int holders) => $"position {position}, {holders} holders";

    private void MessageSent(uint from, uint to, ReadOnlySpan<byte> bytes)
    {
        TakeEvents();
        MessageCodec.TryRead(bytes, out var message);
        var detail = message.Kind switch
        {
            MessageKind.Granted => message.ValueState is { } state ? TextOf(message.Value, state) : null,
            MessageKind.Denied => TextOf(WaitReport.FromBytes(message.Text)),
            MessageKind.Blocking => Encoding.UTF8.GetString(message.Text),
            _ => null,
        };
        if (message.Kind is < MessageKind.Queued or > MessageKind.Adopted or MessageKind.NotMaster)
            return;
        _seen.Add(new Seen(SeenWhat.Sent, to, message.Lock, (int)message.Kind, message.Mode, message.Status, message.StatusFlags, detail)
        {
            Token = message.Token,
        });
    }

    private void TakeEvents()
    {
        if (_cluster.Events.Count == 0)
            return;
        foreach (var told in _cluster.TakeEvents())
        {
            // It changes nothing, so the model does not know of it; the stories tell when it comes.
            if (told is WaitsLongEvent)
                continue;
            _seen.Add(told switch
            {
                CompletedEvent end => SeenEnd(end),
                CancelAnsweredEvent cancel => new Seen(SeenWhat.CancelAnswered, cancel.Node, cancel.Lock, (int)cancel.Outcome),
                BlockingEvent blocking => SeenNotice(blocking),
                _ => throw new ArgumentOutOfRangeException(nameof(told)),
            });
        }
    }

    private static Seen SeenEnd(CompletedEvent told)
    {
        var end = told.Completion;
        var detail = end.ValueRead ? TextOf(told.Value, told.ValueState) : TextOf(end.Report);
        return new Seen(SeenWhat.Told, told.Node, told.Lock, (int)end.Kind, end.Mode, end.Status, end.Flags, detail) { Token = told.Token };
    }

    private static Seen SeenNotice(BlockingEvent told) =>
        new(SeenWhat.ToldBlocking, told.Node, told.Lock, 0, told.Wanted, Detail: Encoding.UTF8.GetString(told.Requester));
}
