using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>Holds what the engines did in a step against the model, and looks for what may never be, whatever the model says.</summary>
internal sealed class Comparison(EngineCluster cluster, ClusterModel model, Places places)
{
    private readonly Observer _observer = new(cluster);
    private readonly Dictionary<string, FencingToken> _lastTokens = [];

    internal void AfterStep()
    {
        CompareSeen(_observer.Take());
        foreach (var (node, name, mastered) in model.Masters.ToArray())
            CompareMaster(node, name, mastered);
        CheckMasters();
        CheckExclusion();
        foreach (var node in cluster.Nodes)
            StructureAudit.Check(cluster[node]);
    }

    private void CompareSeen(Seen[] seen)
    {
        var expected = model.Expected;
        for (var index = 0; index < Math.Max(seen.Length, expected.Count); index++)
        {
            if (index >= seen.Length)
                Require.That(false, $"expected and not seen: {expected[index]}");
            if (index >= expected.Count)
                Require.That(false, $"not expected: {seen[index]}");
            Require.That(IsAsExpected(seen[index], expected[index]), $"expected {expected[index]}, seen {seen[index]}");
            CheckToken(seen[index], expected[index]);
        }

        expected.Clear();
    }

    private static bool IsAsExpected(Seen seen, Seen expected)
    {
        if (seen == expected)
            return true;
        // Who said farewell before its parked request was taken in has no name any more where that waits.
        var isNotice = (seen.What == SeenWhat.Sent && seen.Kind == (int)MessageKind.Blocking) || seen.What == SeenWhat.ToldBlocking;
        return isNotice && seen.Detail is "" && (seen with { Detail = expected.Detail }) == expected;
    }

    /// <summary>A grant's token is greater than all before on its resource; one that was told before is told again as it was.</summary>
    private void CheckToken(Seen seen, Seen expected)
    {
        var isAnswer = seen.What == SeenWhat.Sent && seen.Kind == (int)MessageKind.Granted;
        var isTold = seen.What == SeenWhat.Told && seen.Status == RequestStatus.Granted;
        if (!isAnswer && !isTold)
            return;
        var owned = model.Locks[seen.Lock];
        if (isAnswer || expected.Token == default)
        {
            var last = _lastTokens.GetValueOrDefault(owned.Resource);
            Require.That(seen.Token > last, $"token {seen.Token} on {owned.Resource} after {last}");
            _lastTokens[owned.Resource] = seen.Token;
        }
        else
        {
            Require.That(seen.Token == expected.Token, $"token {seen.Token}, not {expected.Token}");
        }

        if (isTold)
            owned.Token = seen.Token;
    }

    /// <summary>A master's queues are the model's, in the same order, and so is the value. It lets go only of what nobody uses.</summary>
    private void CompareMaster(uint node, string name, ResourceModel mastered)
    {
        if (!places.IsMaster(node, name))
        {
            Require.That(mastered.IsEmpty, $"n{node} gave up {name} while it was used");
            model.EndMaster(node, name);
            return;
        }

        var found = places.Find(node, name)!;
        CompareQueue("granted", found.Queues.Granted, mastered.Granted);
        CompareQueue("converting", found.Queues.Converting, mastered.Converting);
        CompareQueue("waiting", found.Queues.Waiting, mastered.Waiting);
        var value = found.Value is { IsEmpty: false } held ? Observer.TextOf(held.Bytes, held.State) : null;
        Require.That(value == mastered.Read(), $"the value of {name} is {value}, not {mastered.Read()}");

        void CompareQueue(string queue, LockList list, List<ModelLock> expected)
        {
            if (!Same(list, expected))
                Require.That(false, $"{queue} on {name} at n{node}: {Text(list)}; expected: {Text(expected)}");
        }
    }

    /// <summary>At most one node is master of a resource, and nobody became it without the model's knowledge.</summary>
    private void CheckMasters()
    {
        foreach (var name in Places.Names)
        {
            var count = cluster.Nodes.Count(node => places.IsMaster(node, name));
            Require.That(count <= 1 && count == model.Masters.Count(each => each.Resource == name), $"{name} has {count} masters");
        }
    }

    /// <summary>S1, by what sessions were told: nobody holds a mode beside another that excludes it.</summary>
    private void CheckExclusion()
    {
        var held = model.Locks.Values.Where(each => each.EffectiveMode is not null).ToArray();
        for (var one = 0; one < held.Length; one++)
        {
            for (var other = one + 1; other < held.Length; other++)
            {
                Require.That(
                    held[one].Resource != held[other].Resource
                    || NaiveModes.GoTogether(held[one].EffectiveMode!.Value, held[other].EffectiveMode!.Value),
                    $"{held[one].Id} holds {held[one].EffectiveMode} beside {held[other].Id} in {held[other].EffectiveMode}");
            }
        }
    }

    private static bool Same(LockList list, List<ModelLock> expected)
    {
        if (list.Count != expected.Count)
            return false;
        var index = 0;
        for (var each = list.First; each is not null; each = each.Next, index++)
        {
            if (each.Id != expected[index].Id || each.Granted != expected[index].Held || each.Requested != expected[index].Wanted)
                return false;
        }

        return true;
    }

    private static string Text(LockList list) =>
        string.Join(", ", ClusterAudit.LocksOn(list).Select(each => $"{each.Id} {each.Granted}>{each.Requested}"));

    private static string Text(List<ModelLock> list) => string.Join(", ", list.Select(each => $"{each.Id} {each.Held}>{each.Wanted}"));
}
