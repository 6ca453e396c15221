using System.Text;
using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// Runs two well-behaved nodes beside a stranger that writes to both whatever it likes. It may take locks of its own, as any member may; but it
/// must not make anything throw, nor touch the locks of the others: not what they exclude, not what they are told, not how they end.
/// </summary>
internal sealed class HostileRun
{
    private static readonly uint[] Nodes = [1, 2];

    private readonly EngineCluster _cluster = new(nodes: 3, directory: 1);
    private readonly List<byte[]> _copies = [];
    private readonly List<ModelSession> _sessions = [];
    private readonly OrderedDictionary<LockId, OwnedLock> _locks = [];
    private readonly Dictionary<LockId, FencingToken> _tokens = [];
    private readonly Dictionary<string, FencingToken> _lastTokens = [];

    private HostileRun()
    {
        _cluster.OpenLockspace(Places.Space, new LockspaceSettings(Calls.ValueSize, Calls.QueueLengthMax, Calls.LocksPerSessionMax));
        _cluster.MessageSent = (_, _, bytes) => _copies.Add(bytes.ToArray());

        // The resources are in use all the time, so that the stranger cannot become their master: that is every member's right.
        foreach (var node in Nodes)
        {
            var session = Open(node);
            foreach (var name in Places.Names.Where(name => (name == "r3") == (node == 2)))
                Lock(session, name, new Step { Flags = RawFlags.Expedite });
            DeliverAll();
        }
    }

    /// <summary>Runs a program; returns how many of the stranger's messages were taken.</summary>
    internal static int Check(HostileProgram program)
    {
        var run = new HostileRun();
        var taken = 0;
        foreach (var step in program.Steps)
        {
            if (step.Call is { } call)
                run.Do(call);
            else if (run.ReceiveFromStranger(step))
                taken++;
            run.CheckAll();
        }

        run.End();
        return taken;
    }

    private bool ReceiveFromStranger(HostileStep step)
    {
        var bytes = step.Bytes.Length > 0 ? step.Bytes : _copies[step.Copied % _copies.Count].ToArray();
        foreach (var (where, what) in step.Changes)
            bytes[where % bytes.Length] = what;
        return _cluster[step.To].Receive(EngineCluster.IdentityOf(HostileProgram.Stranger), view: 1, bytes);
    }

    private void Do(Step step)
    {
        // The stranger could be named keeper of a persistent lock. It answers nobody, and an owner waits for his keeper.
        step = step with { Flags = step.Flags & ~RawFlags.Persistent };
        switch (step.Kind)
        {
            case StepKind.Lock:
                Lock(SessionFor(step), Places.Names[step.Extra / 7 % Places.Names.Count], step);
                break;
            case StepKind.Convert when LockFor(step) is { } owned:
                Convert(owned, step);
                break;
            case StepKind.Unlock when LockFor(step) is { } owned:
                Unlock(owned, step.Flags | RawFlags.ForceUnlock);
                break;
            case StepKind.Cancel when LockFor(step) is { } owned:
                _cluster[owned.Session.Node].Cancel(owned.Session.Session, owned.Id);
                break;
            case StepKind.Close when _sessions.Skip(Nodes.Length).LastOrDefault(each => !each.IsClosed) is { } session:
                Close(session);
                break;
            case StepKind.Pass:
                _cluster.Tick(_cluster.Now + TimeSpan.FromSeconds(step.Extra % 12).Ticks);
                break;
            case StepKind.Deliver or StepKind.DeliverAll:
                DeliverAll();
                break;
        }
    }

    /// <summary>Everybody but the stranger lets go of everything.</summary>
    private void End()
    {
        DeliverAll();
        CheckAll();
        foreach (var owned in _locks.Values)
            CheckAgreement(owned);
        foreach (var session in _sessions.Where(each => !each.IsClosed))
            Close(session);
        DeliverAll();
        CheckAll();
        foreach (var node in Nodes)
        {
            foreach (var left in ClusterAudit.ResourcesOf(_cluster[node]).SelectMany(AllOn))
                Require.That(left.Id.Node == HostileProgram.Stranger, $"{left.Id} is left at n{node}");
        }
    }

    private void DeliverAll()
    {
        foreach (var node in Nodes)
            _cluster.Held.Add((node, HostileProgram.Stranger));
        _cluster.RunToQuiet();
    }

    private ModelSession Open(uint node)
    {
        var name = $"n{node}/s{_sessions.Count}";
        var session = new ModelSession(node, name, 1, _cluster.OpenSession(node, name, 1));
        _sessions.Add(session);
        return session;
    }

    private void Lock(ModelSession session, string name, Step step)
    {
        var call = new LockCall { Space = Places.Space, Name = name, Mode = step.Mode, Flags = step.Flags, NotifyBlocking = true };
        if (_cluster[session.Node].Lock(session.Session, call, out var id) != RawResult.Accepted)
            return;
        var made = new OwnedLock(id, session, name) { Pending = OperationKind.Lock };
        made.Operations.Add(new Operation(OperationKind.Lock, step.Mode, step.Flags, true, null));
        _locks.Add(id, made);
        session.Locks.Add(made);
    }

    private void Convert(OwnedLock owned, Step step)
    {
        var call = new ConvertCall { Mode = step.Mode, Flags = step.Flags, NotifyBlocking = true };
        var operation = new Operation(OperationKind.Convert, step.Mode, step.Flags, true, null);
        owned.Operations.Add(operation);
        var before = owned.Pending;
        if (_cluster[owned.Session.Node].Convert(owned.Session.Session, owned.Id, call) == RawResult.Accepted)
            owned.Pending = OperationKind.Convert;
        else
            owned.Operations.Remove(operation);
        Require.That(before == OperationKind.None || owned.Pending == before, $"{owned.Id} converts while something is under way");
    }

    private void Unlock(OwnedLock owned, RawFlags flags)
    {
        if (_cluster[owned.Session.Node].Unlock(owned.Session.Session, owned.Id, flags) == RawResult.Accepted)
            owned.IsEnding = true;
    }

    private void Close(ModelSession session)
    {
        _cluster[session.Node].CloseSession(session.Session);
        session.Close(_sessions.Count);
        foreach (var owned in session.Locks)
            owned.IsGone = true;
        // What it leaves as orphans is not the matter here.
        _cluster[session.Node].Purge(Client.Space, 0);
    }

    private void CheckAll()
    {
        foreach (var told in _cluster.TakeEvents())
        {
            Require.That(_locks.TryGetValue(told.Lock, out var owned), $"{told.Lock} is nobody's");
            if (told is CompletedEvent end)
                Told(owned!, end);
        }

        foreach (var node in Nodes)
            StructureAudit.Check(_cluster[node]);
        CheckHeldAtMasters();
        CheckExclusion();
    }

    /// <summary>One end for each operation, in the order asked; and tokens that grow.</summary>
    private static void Told(OwnedLock owned, CompletedEvent told)
    {
        var end = told.Completion;
        Require.That(!owned.IsGone, $"{owned.Id} is told {end} after its end");
        if (end.Kind == OperationKind.Unlock)
        {
            Require.That(owned.IsEnding && owned.Pending == OperationKind.None, $"{owned.Id} is told {end}");
            owned.IsGone = true;
            return;
        }

        Require.That(end.Kind == owned.Pending, $"{owned.Id} is told {end}, and has {owned.Pending} under way");
        owned.Pending = OperationKind.None;
        owned.IsGone = end.Mode is null && !owned.IsEnding;
        if (end.Status == RequestStatus.Granted)
        {
            Require.That(told.Token >= owned.Token, $"{owned.Id} is told token {told.Token} after {owned.Token}");
            owned.Token = told.Token;
        }

        owned.Mode = end.Mode;
    }

    /// <summary>Held beside each other is only what goes together, the stranger's locks included; and a new token is greater than all before.</summary>
    private void CheckHeldAtMasters()
    {
        foreach (var resource in Nodes.SelectMany(node => ClusterAudit.ResourcesOf(_cluster[node])).Where(each => each.Role == ResourceRole.Active))
        {
            var held = AllOn(resource).Where(each => each.Queue is QueueKind.Granted or QueueKind.Converting).ToArray();
            foreach (var (one, other) in Pairs(held))
            {
                Require.That(
                    NaiveModes.GoTogether(one.Granted!.Value, other.Granted!.Value),
                    $"{one.Id} in {one.Granted} beside {other.Id} in {other.Granted}");
            }

            var name = Encoding.UTF8.GetString(resource.Name);
            var last = _lastTokens.GetValueOrDefault(name);
            foreach (var each in held.Where(each => _tokens.GetValueOrDefault(each.Id) != each.Token))
            {
                Require.That(each.Token > last, $"{each.Id} got token {each.Token} after {last}");
                _tokens[each.Id] = each.Token;
            }

            _lastTokens[name] = held.Select(each => each.Token).Append(last).Max();
        }
    }

    private void CheckExclusion()
    {
        var held = _locks.Values.Where(each => each.EffectiveMode is not null).ToArray();
        foreach (var (one, other) in Pairs(held))
        {
            Require.That(
                one.Resource != other.Resource || NaiveModes.GoTogether(one.EffectiveMode!.Value, other.EffectiveMode!.Value),
                $"{one.Id} was told {one.Mode} beside {other.Id} in {other.Mode}");
        }
    }

    /// <summary>What the owner was told is what the master has.</summary>
    private void CheckAgreement(OwnedLock owned)
    {
        if (owned.IsGone || owned.IsEnding || owned.Pending != OperationKind.None)
            return;
        var copies = Nodes.Select(node => _cluster[node].Find(owned.Id)).OfType<Engine.Locks.Lock>().ToArray();
        Require.That(copies.Any(each => each.Queue == QueueKind.Granted), $"{owned.Id} is granted nowhere");
        Require.That(copies.All(each => each.Granted == owned.Mode), $"{owned.Id} was told {owned.Mode}");
    }

    private static IEnumerable<(T One, T Other)> Pairs<T>(T[] all) =>
        all.SelectMany((one, index) => all.Skip(index + 1).Select(other => (one, other)));

    private static IEnumerable<Engine.Locks.Lock> AllOn(Resource resource) =>
        new[] { resource.Owned, resource.Queues.Granted, resource.Queues.Converting, resource.Queues.Waiting }.SelectMany(ClusterAudit.LocksOn);

    private ModelSession SessionFor(Step step)
    {
        var node = Nodes[step.Node % Nodes.Length];
        // The first sessions only keep the resources in use.
        return _sessions.Skip(Nodes.Length).FirstOrDefault(each => each.Node == node && !each.IsClosed) ?? Open(node);
    }

    private OwnedLock? LockFor(Step step)
    {
        var alive = _locks.Values.Where(each => !each.IsGone && !each.IsEnding && !_sessions.Take(Nodes.Length).Contains(each.Session)).ToArray();
        return alive.Length == 0 ? null : alive[step.Pick % alive.Length];
    }
}
