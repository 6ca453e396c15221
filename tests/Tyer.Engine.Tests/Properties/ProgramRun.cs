using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// Runs a program on engines and on the model side by side, and compares after every step. From the engines it takes what the model does
/// not know: on which node a resource is mastered, and in which order a new master takes in what has waited for it.
/// </summary>
internal sealed class ProgramRun
{
    private const int SessionsPerNode = 2;

    private readonly EngineCluster _cluster;
    private readonly ClusterModel _model;
    private readonly Calls _calls;
    private readonly Deliveries _deliveries;
    private readonly List<string> _told = [];

    private ProgramRun(LockProgram program, Func<int, ResourceModel> newModel)
    {
        // The model knows no master that is silent for long: every answer comes in the end.
        _cluster = new EngineCluster(program.Nodes, directory: program.Directory, answerGrace: TimeSpan.TicksPerDay);
        _cluster.OpenLockspace(Places.Space, new LockspaceSettings(Calls.ValueSize, Calls.QueueLengthMax, Calls.LocksPerSessionMax));
        _model = new ClusterModel(() => newModel(Calls.QueueLengthMax));
        var places = new Places(_cluster);
        var comparison = new Comparison(_cluster, _model, places);
        _deliveries = new Deliveries(_cluster, _model, places, comparison, _told);
        _calls = new Calls(_cluster, _model, places, comparison, _deliveries, _told);
    }

    /// <summary>Runs a program.</summary>
    /// <exception cref="ProgramFailedException">Engines and model differ, or an invariant does not hold.</exception>
    internal static void Check(LockProgram program, Func<int, ResourceModel>? newModel = null)
    {
        var run = new ProgramRun(program, newModel ?? (queueLengthMax => new ResourceModel(queueLengthMax)));
        try
        {
            foreach (var step in program.Steps)
                run.Do(step);
            run.End();
        }
        catch (Exception failure)
        {
            throw new ProgramFailedException($"{failure.Message}\nafter:\n  {string.Join("\n  ", run._told)}\n", failure);
        }
    }

    private void Do(Step step)
    {
        // The model knows no keepers, whom persistent locks have where there are other nodes: they have scenarios and the simulator.
        if (_cluster.Nodes.Skip(1).Any())
            step = step with { Flags = step.Flags & ~RawFlags.Persistent };
        switch (step.Kind)
        {
            case StepKind.Lock:
                _calls.Lock(SessionOf(step), Places.Names[step.Extra / 7 % Places.Names.Count], WishOf(step) with { Value = null });
                break;
            case StepKind.Convert when LockOf(step) is { } converted && CallerOf(step, converted) is { } caller:
                _calls.Convert(caller, converted, WishOf(step));
                break;
            case StepKind.Unlock when LockOf(step) is { } unlocked && CallerOf(step, unlocked) is { } caller:
                _calls.Unlock(caller, unlocked, step.Flags, WishOf(step).Value);
                break;
            case StepKind.Cancel when LockOf(step) is { } cancelled && CallerOf(step, cancelled) is { } caller:
                _calls.Cancel(caller, cancelled);
                break;
            case StepKind.Deliver:
                Deliver(step);
                break;
            case StepKind.DeliverAll:
                _deliveries.DeliverAll();
                break;
            case StepKind.Pass:
                _calls.Pass(TimeSpan.FromSeconds(step.Extra % 12));
                break;
            case StepKind.Close when Pick(OpenSessions, step.Pick) is { } session:
                _calls.Close(session);
                break;
            case StepKind.Purge:
                _calls.Purge(NodeOf(step), step.Extra % 3);
                break;
        }
    }

    /// <summary>All sessions end, orphans are purged, and time passes: nothing may stay.</summary>
    private void End()
    {
        _deliveries.DeliverAll();
        foreach (var session in OpenSessions)
            _calls.Close(session);
        _deliveries.DeliverAll();
        foreach (var node in _cluster.Nodes)
            _calls.Purge(node, processId: 0);
        _deliveries.DeliverAll();
        // A master lets go after 10 s, and its directory node forgets the name 10 s later.
        for (var round = 0; round < 3; round++)
        {
            _calls.Pass(TimeSpan.FromSeconds(11));
            _deliveries.DeliverAll();
        }

        foreach (var node in _cluster.Nodes)
            StructureAudit.CheckEmpty(_cluster[node]);
    }

    private void Deliver(Step step)
    {
        for (var count = (step.Extra % 4) + 1; count > 0; count--)
        {
            var links = _cluster.BusyLinks.ToArray();
            if (links.Length > 0)
                _deliveries.Deliver(links[(step.Pick + count) % links.Length]);
        }
    }

    // What a step is about.

    private ModelSession[] OpenSessions => [.. _model.Sessions.Where(session => !session.IsClosed)];

    private uint NodeOf(Step step) => (uint)(step.Node % _cluster.Nodes.Count()) + 1;

    private ModelSession SessionOf(Step step)
    {
        var node = NodeOf(step);
        var open = OpenSessions.Where(session => session.Node == node).ToArray();
        if (open.Length == SessionsPerNode)
            return open[step.Pick % SessionsPerNode];
        var number = _model.Sessions.Count + 1;
        var name = $"n{node}/s{number}";
        var processId = (number % 2) + 1;
        var session = new ModelSession(node, name, processId, _cluster.OpenSession(node, name, processId));
        _model.Sessions.Add(session);
        return session;
    }

    /// <summary>Mostly a lock that is there; now and then one that was.</summary>
    private OwnedLock? LockOf(Step step)
    {
        var candidates = step.Extra % 19 == 0 ? _model.Locks.Values : _model.Locks.Values.Where(each => !each.IsGone && each.HasSession);
        return Pick(candidates.ToArray(), step.Pick);
    }

    /// <summary>Mostly the owner; now and then somebody else.</summary>
    private ModelSession? CallerOf(Step step, OwnedLock owned) =>
        step.Extra % 23 != 0 && owned.HasSession ? owned.Session : Pick(OpenSessions, step.Extra);

    private Wish WishOf(Step step)
    {
        var deadline = step.Extra % 6 == 1 ? _cluster.Now + ((1 + (step.Extra / 6 % 8)) * TimeSpan.TicksPerSecond) : 0;
        var value = step.Extra % 3 == 0 ? null : step.Extra % 41 == 1 ? "too long!" : $"v{step.Extra % 1000}";
        return new Wish(step.Mode, step.Flags, deadline, WantsNotices: step.Extra % 5 != 0, value);
    }

    private static T? Pick<T>(T[] candidates, int number)
        where T : class =>
        candidates.Length == 0 ? null : candidates[number % candidates.Length];
}
