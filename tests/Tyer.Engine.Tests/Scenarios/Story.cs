using System.Globalization;
using System.Text;
using Tyer.Engine.Messages;
using Tyer.Engine.Owning;
using Tyer.Engine.Recovery;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Scenarios;

/// <summary>
/// Carries out the commands of a scenario and says what can be seen of them. After each command everything is delivered that is not held,
/// and the cluster is audited: for exclusion at each step, for all else where nothing is on its way any more and the view is settled.
/// </summary>
/// <remarks>
/// <code>
/// cluster 3 [directory=n2] [queue=N] [locks=N] [values=N] [view=no]   comes first; directory: that node is it for all names
/// n1 open web [pid=77]                    a session n1/web, beside n1's first one, whose process id is 1
/// n1/web close                            it ends, as when its process dies
/// n1 lock a r1 EX [FLAG…] [timeout=5s] [value=text] [label=text] [quiet]     quiet: wants no blocking notices
/// n1 convert a PR […]     n1 unlock a […]     n1 cancel a     n1 purge [pid]     n1 purge-orphan a
/// time 5s                                 time passes, from deadline to deadline
/// hold n1&gt;n2     deliver n1&gt;n2 [count]     release n1&gt;n2        what n1 sends to n2
/// messages on|off                         show what engines send to each other
/// view [n1 n2] [directory=n2] [at=n1]     the next view, of these nodes or of all, comes: to all in it, or to one; the others get it by install
/// install n2                              the next view that it is in comes to n2
/// crash n3     start n3                   n3 is gone, with what is on its way to it; n3 starts as a new incarnation, in no view yet
/// proof n3                                to all nodes comes the proof that n3, as it was, and its clients act no more
/// n1 move r1 n2     n1 leave              n1 hands r1 over to n2; hands over what it masters, some with each time it is said
/// show r1     show nodes     show views
/// </code>
/// </remarks>
internal sealed class Story
{
    private const uint Space = 1;

    private readonly Dictionary<string, StoryLock> _locks = [];
    private readonly Dictionary<string, StorySession> _sessions = [];
    private readonly HashSet<(LockId Id, uint Operation)> _waitsTold = [];
    private readonly List<string> _lines = [];
    private EngineCluster? _cluster;
    private StoryPrinter _printer = null!;
    private bool _showsMessages;
    private string? _beingLocked;

    /// <summary>Carries out one command; returns what is to be seen.</summary>
    internal IReadOnlyList<string> Tell(string command)
    {
        _lines.Clear();
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words[0] == "cluster")
            Begin(int.Parse(words[1], CultureInfo.InvariantCulture), new Arguments(words[2..]));
        else if (_cluster is null)
            throw new FormatException("A story begins with a cluster.");
        else
            Tell(words);
        RunToQuiet();
        if (_cluster!.IsQuiet && _cluster.IsSettled)
            ClusterAudit.Check(_cluster);
        return [.. _lines];
    }

    private void Begin(int nodes, Arguments arguments)
    {
        var directory = arguments["directory"] is { } node ? NodeOf(node) : 0;
        _cluster = new EngineCluster(nodes, installed: arguments["view"] != "no", directory: directory);
        _cluster.OpenLockspace(Space, new LockspaceSettings(
            arguments.Number("values") ?? Limits.ValueBytesDefault,
            arguments.Number("queue") ?? Limits.QueueLengthMaxDefault,
            arguments.Number("locks") ?? Limits.LocksPerSessionMaxDefault));
        _cluster.MessageSent = MessageSent;
        _cluster.MarkerSent = MarkerSent;
        _printer = new StoryPrinter(_cluster, Space, NameOf);
        foreach (var each in _cluster.Nodes)
            Open(each, $"n{each}", processId: 1);
    }

    private void Tell(string[] words)
    {
        switch (words)
        {
            case ["view"]:
                View([.. _cluster!.Nodes], new Arguments([]));
                break;
            case ["view", ..]:
                View([.. words.Skip(1).TakeWhile(word => !word.Contains('=')).Select(NodeOf)], new Arguments([.. words.Where(word => word.Contains('='))]));
                break;
            case ["install", var node]:
                Step(() => Assert.True(_cluster!.InstallNext(NodeOf(node)), $"There is no next view for {node}."));
                break;
            case ["crash", var node]:
                Crash(NodeOf(node));
                break;
            case ["start", var node]:
                _cluster!.Start(NodeOf(node));
                Open(NodeOf(node), node, processId: 1);
                break;
            case ["proof", var node]:
                Step(() => _cluster!.Prove(NodeOf(node)));
                break;
            case ["time", var time]:
                Pass(Arguments.TimeOf(time));
                break;
            case ["hold", var link]:
                _cluster!.Held.Add(LinkOf(link));
                break;
            case ["deliver", var link]:
                Deliver(LinkOf(link), int.MaxValue);
                break;
            case ["deliver", var link, var count]:
                Deliver(LinkOf(link), int.Parse(count, CultureInfo.InvariantCulture));
                break;
            case ["release", var link]:
                _cluster!.Held.Remove(LinkOf(link));
                break;
            case ["messages", "on" or "off"]:
                _showsMessages = words[1] == "on";
                break;
            case ["show", "nodes"]:
                _lines.AddRange(_printer.Nodes());
                break;
            case ["show", "views"]:
                _lines.AddRange(_printer.Views());
                break;
            case ["show", var resource]:
                _lines.AddRange(_printer.Resource(resource));
                break;
            case [var actor, "open", var name, ..]:
                Open(NodeOf(actor), $"{actor}/{name}", new Arguments(words[3..]).Number("pid") ?? 0);
                break;
            case [var actor, "close"]:
                Step(() => _cluster![NodeOf(actor)].CloseSession(_sessions[actor].Session));
                break;
            case [var actor, "purge"]:
                Purge(NodeOf(actor), 0);
                break;
            case [var actor, "purge", var processId]:
                Purge(NodeOf(actor), int.Parse(processId, CultureInfo.InvariantCulture));
                break;
            case [var actor, "purge-orphan", var name]:
                Step(() => _lines.Add(_cluster![NodeOf(actor)].PurgeOrphan(_locks[name].Id) ? $"{name} purged" : $"{name} is not {actor}'s to purge"));
                break;
            case [var actor, "move", var resource, var to]:
                Step(() => TellUnless(true, _cluster![NodeOf(actor)].Move(Space, resource, NodeOf(to)), resource));
                break;
            case [var actor, "leave"]:
                Step(() => _cluster![NodeOf(actor)].Leave());
                break;
            case [var actor, "lock", var name, var resource, var mode, ..]:
                Lock(actor, name, resource, LockModes.Parse(mode), new Arguments(words[5..]));
                break;
            case [var actor, "convert", var name, var mode, ..]:
                Convert(SessionFor(actor, name), _locks[name], LockModes.Parse(mode), new Arguments(words[4..]));
                break;
            case [var actor, "unlock", var name, ..]:
                Unlock(SessionFor(actor, name), _locks[name], new Arguments(words[3..]));
                break;
            case [var actor, "cancel", var name]:
                Cancel(SessionFor(actor, name), _locks[name]);
                break;
            default:
                throw new FormatException($"Not a command of scenarios: {string.Join(' ', words)}");
        }
    }

    private void View(uint[] members, Arguments arguments)
    {
        if (arguments["directory"] is { } directory)
            _cluster!.OnlyDirectory = NodeOf(directory);
        _cluster!.AddView(members);
        foreach (var node in arguments["at"] is { } only ? [NodeOf(only)] : members)
        {
            for (var isLeft = true; isLeft;)
                Step(() => isLeft = _cluster.InstallNext(node));
        }
    }

    private void Crash(uint node)
    {
        _cluster!.Crash(node);
        foreach (var session in _sessions.Values.Where(each => each.Node == node).ToArray())
            _sessions.Remove(session.Name);
    }

    private void Open(uint node, string name, int processId) =>
        _sessions.Add(name, new StorySession(node, name, _cluster!.OpenSession(node, name, processId)));

    private void Lock(string actor, string name, string resource, LockMode mode, Arguments arguments)
    {
        var session = _sessions[actor];
        Step(() =>
        {
            _beingLocked = name;
            var call = new LockCall
            {
                Space = Space,
                Name = resource,
                Mode = mode,
                Flags = arguments.Flags,
                Deadline = DeadlineOf(arguments),
                NotifyBlocking = !arguments.IsQuiet,
                Note = arguments["label"] is { } label ? Encoding.UTF8.GetBytes(label) : null,
            };
            var result = _cluster![session.Node].Lock(session.Session, call, out var id);
            _beingLocked = null;
            _locks[name] = new StoryLock(name, id, session);
            TellUnless(RawResult.Accepted, result, name);
        });
    }

    private void Convert(StorySession session, StoryLock converted, LockMode mode, Arguments arguments) => Step(() =>
    {
        var call = new ConvertCall
        {
            Mode = mode,
            Flags = arguments.Flags,
            Deadline = DeadlineOf(arguments),
            NotifyBlocking = !arguments.IsQuiet,
            GivesValue = arguments["value"] is not null,
            Value = arguments.Value,
        };
        TellUnless(RawResult.Accepted, _cluster![session.Node].Convert(session.Session, converted.Id, call), converted.Name);
    });

    private void Unlock(StorySession session, StoryLock ended, Arguments arguments) => Step(() => TellUnless(
        RawResult.Accepted,
        _cluster![session.Node].Unlock(session.Session, ended.Id, arguments.Flags, arguments["value"] is not null, arguments.Value),
        ended.Name));

    private void Cancel(StorySession session, StoryLock cancelled) => Step(() =>
    {
        if (_cluster![session.Node].Cancel(session.Session, cancelled.Id) is { } outcome)
            _lines.Add(StoryPrinter.CancelAnswered(cancelled.Name, outcome));
    });

    private void Purge(uint node, int processId) => Step(() => _lines.Add($"purged {_cluster![node].Purge(Space, processId)}"));

    private void Pass(TimeSpan time)
    {
        var end = _cluster!.Now + time.Ticks;
        while (_cluster.NextDeadline is var next && next <= end)
        {
            Step(() => _cluster.Tick(Math.Max(next, _cluster.Now)));
            RunToQuiet();
        }

        Step(() => _cluster.Tick(end));
    }

    private void Deliver((uint From, uint To) link, int count)
    {
        var waiting = _cluster!.BusyLinks.FirstOrDefault(busy => (busy.From, busy.To) == link).Waiting;
        for (var left = Math.Min(count, waiting); left > 0; left--)
            Step(() => _cluster.Deliver(link.From, link.To));
    }

    private void RunToQuiet()
    {
        var delivered = true;
        while (delivered)
            Step(() => delivered = _cluster!.DeliverOldest());
    }

    /// <summary>One thing that one engine does. Who has to wait is said first, then in order what was told and sent.</summary>
    private void Step(Action step)
    {
        var start = _lines.Count;
        step();
        ClusterAudit.CheckExclusion(_cluster!);
        TakeEvents();
        var waits = _printer.Waits(_waitsTold);
        _lines.InsertRange(start, waits);
    }

    private void MessageSent(uint from, uint to, ReadOnlySpan<byte> bytes)
    {
        if (!_showsMessages)
            return;
        TakeEvents();
        MessageCodec.TryRead(bytes, out var message);
        var held = _cluster!.Held.Contains((from, to)) ? " (held)" : "";
        _lines.Add($"n{from}>n{to} {_printer.Message(from, to, message)}{held}");
    }

    private void MarkerSent(uint from, uint to, RecoveryMarker marker, ulong view)
    {
        if (!_showsMessages)
            return;
        TakeEvents();
        var held = _cluster!.Held.Contains((from, to)) ? " (held)" : "";
        _lines.Add($"n{from}>n{to} {marker} of view {view}{held}");
    }

    private void TakeEvents()
    {
        foreach (var told in _cluster!.TakeEvents())
            _lines.Add(_printer.Event(told));
    }

    private void TellUnless(RawResult expected, RawResult result, string name)
    {
        if (result != expected)
            _lines.Add($"{name} not accepted: {result}");
    }

    private void TellUnless(bool expected, bool result, string name)
    {
        if (result != expected)
            _lines.Add($"{name} cannot move now");
    }

    private string NameOf(LockId id) => _locks.Values.FirstOrDefault(each => each.Id == id)?.Name ?? _beingLocked ?? id.ToString();

    private StorySession SessionFor(string actor, string name) =>
        !actor.Contains('/') && _locks[name].Session.Node == NodeOf(actor) ? _locks[name].Session : _sessions[actor];

    private long DeadlineOf(Arguments arguments) =>
        arguments["timeout"] is { } time ? _cluster!.Now + Arguments.TimeOf(time).Ticks : 0;

    private static uint NodeOf(string actor) => uint.Parse(actor.Split('/')[0].AsSpan(1), CultureInfo.InvariantCulture);

    private static (uint From, uint To) LinkOf(string link) => link.Split('>') is [var from, var to]
        ? (NodeOf(from), NodeOf(to))
        : throw new FormatException($"A link is written n1>n2, not {link}.");

    private sealed record StorySession(uint Node, string Name, Session Session);

    private sealed record StoryLock(string Name, LockId Id, StorySession Session);
}
