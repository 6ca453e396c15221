using System.Globalization;
using Tyer.Cluster;
using Tyer.Cluster.External;
using Tyer.Sessions.Administration;

namespace Tyer.Node.Administration;

/// <summary>What a control daemon tells this node, in the words of the cluster floor.</summary>
internal sealed class MembershipOrders(NodeCore node)
{
    internal async Task<MembershipResult> SetViewAsync(ViewOrder order)
    {
        var what = $"View {order.Id}";
        var stack = StackFor(what);
        await stack.SetViewAsync(ViewOf(order, what), order.SafeFor).ConfigureAwait(false);
        return Result();
    }

    internal async Task<MembershipResult> RenewAsync(ulong view, TimeSpan safeFor)
    {
        await StackFor($"The renewal of view {view}").RenewAsync(view, safeFor).ConfigureAwait(false);
        return Result();
    }

    internal async Task<MembershipResult> FenceAsync(string who)
    {
        var what = $"The proof for {who}";
        if (node.Membership.Stack is IFencingStack fencing)
        {
            foreach (var departed in DepartedNamed(who, what))
                await fencing.AcknowledgeFenceAsync(departed).ConfigureAwait(false);
        }
        else
        {
            await StackFor(what).ProveAsync(Parse(who) ?? throw BadRequest.Of(what, NotAnIncarnation(who))).ConfigureAwait(false);
        }

        return Result();
    }

    /// <summary>A life, or, by a node's name or id, all of its lives that are unproven.</summary>
    private NodeIncarnation[] DepartedNamed(string who, string what)
    {
        var unproven = node.Membership.Unproven.Keys.OrderBy(each => each.Node).ThenBy(each => each.Incarnation).ToArray();
        NodeIncarnation[] departed = Parse(who) is { } one ? [one] : [.. unproven.Where(each => node.NameOf(each.Node.Value) == who || $"{each.Node}" == who)];
        if (departed.Length > 0)
            return departed;
        var waits = unproven.Length == 0 ? "nor for anybody else's" : $"but for {string.Join(", ", unproven.Select(node.Membership.NameOf))}";
        throw BadRequest.Of(what, $"nothing waits for a proof that {who} has stopped, {waits}");
    }

    private MembershipResult Result() => new()
    {
        Node = node.Name,
        View = node.Membership.View?.Id,
        IsSettled = node.Shards.IsSettled,
        OutBecause = node.Wiring.HasEnded ? node.Membership.StateReason : null,
        SafeFor = node.SafeFor == Timeout.InfiniteTimeSpan ? null : node.SafeFor,
        Unproven = [.. node.Membership.Unproven.Keys.OrderBy(each => each.Node).ThenBy(each => each.Incarnation).Select(node.Membership.NameOf)],
    };

    private ExternalStack StackFor(string what) => node.Membership.Stack as ExternalStack
        ?? throw BadRequest.Of(what, $"the stack of node {node.Name} is '{node.Settings.Options.Stack}', which finds its views by itself; only with 'external' is a node told");

    private ClusterView ViewOf(ViewOrder order, string what)
    {
        try
        {
            // The version is the control daemon's to say, and so the same for all whom it tells.
            var running = new ProtocolRange(order.Running, order.Running);
            var members = order.Members.Select(member => MemberOf(member, what) with { Protocol = running }).OrderBy(member => member.Id).ToArray();
            if (members.GroupBy(member => member.Id).FirstOrDefault(same => same.Count() > 1) is { } twice)
                throw BadRequest.Of(what, $"it lists id {twice.Key} twice");
            var unproven = (order.Unproven ?? []).Select(who => Parse(who) ?? throw BadRequest.Of(what, NotAnIncarnation(who))).Distinct();
            return new ClusterView(order.Id, members, unproven, order.HasQuorum);
        }
        catch (ArgumentException fault)
        {
            throw BadRequest.Of(what, fault);
        }
    }

    // What came as JSON may have a null in a list, whatever the types say.
    private static Member MemberOf(ViewMember? member, string what)
    {
        if (member is null)
            throw BadRequest.Of(what, "one of its members is null");
        if (!NodeId.IsValid(member.Id))
            throw BadRequest.Of(what, $"{member.Name} has the id {member.Id}; a node id is {Limits.NodeIdMin} to {Limits.NodeIdMax}");
        if (member.Incarnation == 0)
            throw BadRequest.Of(what, $"{member.Name} has the incarnation 0; its own status says the right one");
        return new Member(new NodeId(member.Id), new Incarnation(member.Incarnation), member.Name, member.Addresses, member.Weight);
    }

    /// <summary>By number, or by the name of a node that is configured or a member.</summary>
    private NodeIncarnation? Parse(string? who)
    {
        if (who is null)
            return null;
        var dot = who.LastIndexOf('.');
        if (dot <= 0 || !ulong.TryParse(who.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var incarnation) || incarnation == 0)
            return null;
        var name = who[..dot];
        if (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return NodeId.IsValid(number) ? new NodeIncarnation(new NodeId(number), new Incarnation(incarnation)) : null;
        if (name == node.Name)
            return new NodeIncarnation(node.Settings.Id, new Incarnation(incarnation));
        return node.Wiring.Known.Find(name) is { } peer ? new NodeIncarnation(peer.Id, new Incarnation(incarnation)) : null;
    }

    private static string NotAnIncarnation(string who) =>
        $"'{who}' names no incarnation of a node of this cluster; one is a node's id or name, a dot, and the incarnation that its status says: 3.1765 or n3.1765";
}
