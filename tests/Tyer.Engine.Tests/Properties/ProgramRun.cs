using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>
/// Runs a program on engines and on the model side by side, and compares after every step. From the engines it takes what the model does
/// not know: on which node a resource is mastered, and in which order a new master takes in what has waited for it.
/// </summary>
internal sealed class ProgramRun
{
    private const int SessionsPerNode = 2;

    private readonly EngineCluster cluster;
    private readonly ClusterModel model;
    private readonly Calls calls;
    private readonly Deliveries deliveries;
    private readonly List<string> told = [];

    private ProgramRun(LockProgram program, Func<int, ResourceModel> newModel)
    {
        cluster = new EngineCluster(program.Nodes, directory: program.Directory);
        cluster.OpenLockspace(Places.Space, new LockspaceSettings(Calls.ValueSize, Calls.QueueLengthMax, Calls.LocksPerSessionMax));
        model = new ClusterModel(() => newModel(Calls.QueueLengthMax));
        var places = new Places(cluster);
        var comparison = new Comparison(cluster, model, places);
        deliveries = new Deliveries(cluster, model, places, comparison, told);
        calls = new Calls(cluster, model, places, comparison, deliveries, told);
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
            throw new ProgramFailedException($"{failure.Message}\nafter:\n  {string.Join("\n  ", run.told)}\n", failure);
        }
    }

    private void Do(Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Lock:
                calls.Lock(SessionOf(step), Places.Names[step.Extra / 7 % Places.Names.Count], WishOf(step) with { Value = null });
                break;
            case StepKind.Convert when LockOf(step) is { } converted && CallerOf(step, converted) is { } caller:
                calls.Convert(caller, converted, WishOf(step));
                break;
            case StepKind.Unlock when LockOf(step) is { } unlocked && CallerOf(step, unlocked) is { } caller:
                calls.Unlock(caller, unlocked, step.Flags, WishOf(step).Value);
                break;
            case StepKind.Cancel when LockOf(step) is { } cancelled && CallerOf(step, cancelled) is { } caller:
                calls.Cancel(caller, cancelled);
                break;
            case StepKind.Deliver:
                Deliver(step);
                break;
            case StepKind.DeliverAll:
                deliveries.DeliverAll();
                break;
            case StepKind.Pass:
                calls.Pass(TimeSpan.FromSeconds(step.Extra % 12));
                break;
            case StepKind.Close when Pick(OpenSessions, step.Pick) is { } session:
                calls.Close(session);
                break;
            case StepKind.Purge:
                calls.Purge(NodeOf(step), step.Extra % 3);
                break;
        }
    }

    /// <summary>All sessions end, orphans are purged, and time passes: nothing may stay.</summary>
    private void End()
    {
        deliveries.DeliverAll();
        foreach (var session in OpenSessions)
            calls.Close(session);
        deliveries.DeliverAll();
        foreach (var node in cluster.Nodes)
            calls.Purge(node, processId: 0);
        deliveries.DeliverAll();
        // A master lets go after 10 s, and its directory node forgets the name 10 s later.
        for (var round = 0; round < 3; round++)
        {
            calls.Pass(TimeSpan.FromSeconds(11));
            deliveries.DeliverAll();
        }

        foreach (var node in cluster.Nodes)
            StructureAudit.CheckEmpty(cluster[node]);
    }

    private void Deliver(Step step)
    {
        for (var count = (step.Extra % 4) + 1; count > 0; count--)
        {
            var links = cluster.BusyLinks.ToArray();
            if (links.Length > 0)
                deliveries.Deliver(links[(step.Pick + count) % links.Length]);
        }
    }

    // What a step is about.

    private ModelSession[] OpenSessions => [.. model.Sessions.Where(session => !session.IsClosed)];

    private uint NodeOf(Step step) => (uint)(step.Node % cluster.Nodes.Count()) + 1;

    private ModelSession SessionOf(Step step)
    {
        var node = NodeOf(step);
        var open = OpenSessions.Where(session => session.Node == node).ToArray();
        if (open.Length == SessionsPerNode)
            return open[step.Pick % SessionsPerNode];
        var number = model.Sessions.Count + 1;
        var name = $"n{node}/s{number}";
        var processId = (number % 2) + 1;
        var session = new ModelSession(node, name, processId, cluster.OpenSession(node, name, processId));
        model.Sessions.Add(session);
        return session;
    }

    /// <summary>Mostly a lock that is there; now and then one that was.</summary>
    private OwnedLock? LockOf(Step step)
    {
        var candidates = step.Extra % 19 == 0 ? model.Locks.Values : model.Locks.Values.Where(each => !each.IsGone && each.HasSession);
        return Pick(candidates.ToArray(), step.Pick);
    }

    /// <summary>Mostly the owner; now and then somebody else.</summary>
    private ModelSession? CallerOf(Step step, OwnedLock owned) =>
        step.Extra % 23 != 0 && owned.HasSession ? owned.Session : Pick(OpenSessions, step.Extra);

    private Wish WishOf(Step step)
    {
        var deadline = step.Extra % 6 == 1 ? cluster.Now + ((1 + (step.Extra / 6 % 8)) * TimeSpan.TicksPerSecond) : 0;
        var value = step.Extra % 3 == 0 ? null : step.Extra % 41 == 1 ? "too long!" : $"v{step.Extra % 1000}";
        return new Wish(step.Mode, step.Flags, deadline, WantsNotices: step.Extra % 5 != 0, value);
    }

    private static T? Pick<T>(T[] candidates, int number)
        where T : class =>
        candidates.Length == 0 ? null : candidates[number % candidates.Length];
}
