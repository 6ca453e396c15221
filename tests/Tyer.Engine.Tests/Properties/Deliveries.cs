using System.Text;
using Tyer.Engine.Locks;
using Tyer.Engine.Messages;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Properties;

/// <summary>Delivers messages, and tells the model what each of them brought: an operation to a master, an answer to an owner.</summary>
internal sealed class Deliveries(EngineCluster cluster, ClusterModel model, Places places, Comparison comparison, List<string> told)
{
    internal void Deliver((uint From, uint To, int Waiting) link)
    {
        var (from, to, _) = link;
        var bytes = cluster.Next(from, to);
        MessageCodec.TryRead(bytes, out var message);
        var owned = message.Lock == default ? null : model.Locks[message.Lock];
        var name = message.Name.IsEmpty ? owned?.Resource : Encoding.UTF8.GetString(message.Name);
        told.Add($"n{from}>n{to} {message.Kind} {name} {owned?.Id} {message.Mode}");
        var before = name is null ? default : places.At(to, name);

        cluster.Deliver(from, to);

        switch (message.Kind)
        {
            case MessageKind.Lookup or MessageKind.Request when before.IsMaster:
                model.Request(to, owned!);
                break;
            case MessageKind.Convert:
                model.Convert(to, owned!, message.Operation);
                break;
            case MessageKind.Unlock when model.IsMastered(to, owned!.Id):
                model.Unlock(to, owned, message.Operation);
                break;
            case MessageKind.Unlock:
                // The request has not come this far, and will find its owner gone when it does.
                model.Expected.Add(new Seen(SeenWhat.Sent, from, owned!.Id, (int)MessageKind.Unlocked));
                break;
            case MessageKind.Cancel when model.IsMastered(to, owned!.Id):
                model.Cancel(to, owned, message.Operation, message.Status);
                break;
            case MessageKind.Orphan:
                model.Orphan(to, owned!);
                break;
            case >= MessageKind.Queued and <= MessageKind.Adopted when !owned!.IsGone && !model.IsMastered(to, owned.Id):
                Answered(owned, message);
                break;
        }

        if (name is not null)
            BecomeMaster(to, name, before);
        comparison.AfterStep();
    }

    internal void DeliverAll()
    {
        while (cluster.BusyLinks.FirstOrDefault() is { From: > 0 } link)
            Deliver(link);
        ClusterAudit.Check(cluster);
        foreach (var owned in model.Locks.Values.Where(each => !each.IsGone))
        {
            Require.That(model.IsMastered(owned.Id), $"{owned.Id} is known to no master");
            Require.That(!owned.IsEnding && !owned.CancelAsked && owned.Undoing is null, $"{owned.Id} waits for an end that does not come");
        }
    }

    /// <summary>If the node is master since this step: what waited for it there is taken in, own locks first.</summary>
    internal void BecomeMaster(uint node, string name, in Place before)
    {
        if (before.IsMaster || !places.IsMaster(node, name))
            return;
        model.BeginMaster(node, name);
        foreach (var id in before.Owned)
        {
            var owned = model.Locks[id];
            if (!owned.IsGone && IsStillWanted(owned))
                model.Request(node, owned);
        }

        foreach (var id in before.Parked)
            model.Request(node, model.Locks[id]);
    }

    private void Answered(OwnedLock owned, in Message message)
    {
        var isCurrent = message.Operation == owned.Number || (owned.IsEnding && message.Operation == owned.Number - 1);
        switch (message.Kind)
        {
            case MessageKind.Queued when isCurrent:
                owned.IsConfirmed = true;
                break;
            case MessageKind.Granted when isCurrent:
                var value = message.ValueState is { } state ? Observer.TextOf(message.Value, state) : null;
                model.Granted(owned, message.Mode!.Value, message.StatusFlags, value, message.Token);
                break;
            case MessageKind.Denied when isCurrent:
                var report = Observer.TextOf(WaitReport.FromBytes(message.Text));
                model.Denied(owned, message.Mode, message.Status, message.StatusFlags, report);
                break;
            case MessageKind.Unlocked or MessageKind.Adopted:
                model.Unlocked(owned);
                break;
            case MessageKind.Blocking:
                model.Blocking(owned, message.Mode!.Value, Encoding.UTF8.GetString(message.Text));
                break;
            case MessageKind.NotMaster when isCurrent:
                IsStillWanted(owned);
                break;
        }
    }

    /// <summary>A request that no master has taken in goes on, unless it was undone or its lock has ended: then it ends here.</summary>
    private bool IsStillWanted(OwnedLock owned)
    {
        if (owned.IsEnding)
            model.EndUnsent(owned);
        else if (owned.Undoing is { } status)
            model.UndoUnsent(owned, status);
        return !owned.IsGone;
    }
}
