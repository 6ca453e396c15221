using System.Globalization;
using Tyer.Daemon.Text;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Output;

/// <summary>The answer to <c>tyer status</c>, for people: what matters first, what stands still, then the figures.</summary>
internal static class StatusText
{
    private const int LabelWidth = 12;

    public static void Print(TextWriter writer, ClusterStatus status, string endpoint)
    {
        NodeStatus node = status.Node;
        Line(writer, "serving", Serving(node));
        Line(writer, "node", Text($"{Safe(node.Name)} (id {node.Id}, incarnation {node.Incarnation}) of cluster {Safe(status.Cluster)}, at {endpoint}"));
        Line(writer, "process", Text($"pid {node.ProcessId} on {Safe(node.Host)}, version {Safe(node.Version)}, up {Span(node.Uptime)}"));
        Line(writer, "stack", $"{Safe(status.Stack.Name)}, {Safe(status.Stack.State)}");
        if (status.Stack.Capabilities.Count > 0) Line(writer, "it can", string.Join(", ", status.Stack.Capabilities.Select(Safe)));
        Line(writer, "view", View(status.View));
        if (status.View is { } installed) Line(writer, "protocol", Protocol(installed, status.Nodes));
        Line(writer, "nodes", Nodes(status.Nodes));
        if (status.Recovery is { } recovery) Line(writer, "recovery", Recovery(recovery));
        if (status.Fencing is { } fencing) PrintFencing(writer, fencing);
        if (node.OnExpulsion is { } policy) Line(writer, "if put out", FencingText.Expulsion(policy, status.Fencing));
        foreach (FrozenPart part in status.Frozen) Line(writer, "frozen", Frozen(part));
        if (node.Security != "none" || node.Refused.Count > 0) Line(writer, "security", Security(node));
        Line(writer, "sessions", Text($"{node.Sessions}"));
        foreach (LockspaceStatus space in node.Lockspaces) Line(writer, "lockspace", Lockspace(space));
        PrintTiming(writer, status.Timing, status.Fencing);
        Line(writer, "clock", Clock(node.Clock));
        Line(writer, "state", node.StateDirectory is { } directory ? Safe(directory) : "none kept: tokens begin again after a restart");
        foreach (string sentence in Warnings(status)) Line(writer, "note", Safe(sentence));
    }

    private static void Line(TextWriter writer, string label, string text) => writer.WriteLine($"{label.PadRight(LabelWidth)}{text}");

    private static string Serving(NodeStatus node) => node.Serving switch
    {
        ServingState.Serving => "yes",
        ServingState.Starting when node.GrantsIn is { } wait => $"not yet: after an unclean stop it grants nothing for another {Span(wait)}",
        ServingState.Starting => "not yet: it is starting",
        ServingState.NoQuorum => "no: its side of the cluster has no quorum, or it cannot tell: see stack",
        ServingState.Stopping => "no: it is stopping",
        ServingState.Expelled => "no: it was put out of the cluster",
        ServingState.Refused => "no: the cluster does not take it in",
        var other => $"no: {other}",
    };

    private static string View(ViewStatus? view) => view is null
        ? "none yet"
        : Text($"{view.Id}, {(view.HasQuorum ? "with quorum" : "without quorum")}, {(view.IsSettled ? "settled" : "not settled")}, for {Span(view.Age)}");

    private static string Protocol(ViewStatus view, IReadOnlyList<NodeInfo> nodes)
    {
        IEnumerable<string> offers = nodes.Where(node => node.Protocol is not null).Select(node => $"{Safe(node.Name)} {node.Protocol}");
        return Text($"version {view.Running} runs; offered by {string.Join(", ", offers)}");
    }

    private static string Nodes(IReadOnlyList<NodeInfo> nodes)
    {
        string members = string.Join(" ", nodes.Where(node => node.Membership == NodeMembership.Member).Select(Named));
        string lost = string.Join(" ", nodes.Where(node => node.Membership == NodeMembership.Lost).Select(Named));
        string leaving = string.Join(" ", nodes.Where(node => node.Membership == NodeMembership.Leaving).Select(Named));
        string left = string.Join(" ", nodes.Where(node => node.Membership == NodeMembership.Left).Select(node => Safe(node.Name)));
        string absent = string.Join(" ", nodes.Where(node => node.Membership == NodeMembership.Absent).Select(Named));
        return (members.Length == 0 ? "none" : members)
            + (leaving.Length == 0 ? "" : $"; leaving: {leaving}")
            + (left.Length == 0 ? "" : $"; left: {left}")
            + (lost.Length == 0 ? "" : $"; lost: {lost}")
            + (absent.Length == 0 ? "" : $"; absent: {absent}");
    }

    private static string Named(NodeInfo node) => node.IsReachable == false ? $"{Safe(node.Name)} (unreachable)" : Safe(node.Name);

    private static string Recovery(RecoveryInfo recovery)
    {
        string waits = recovery.WaitsFor.Count == 0 ? "about to be over" : $"waits for {Safe(string.Join("; ", recovery.WaitsFor))}";
        return Text($"under way for {Span(recovery.Age)}, as {RecoveryText.Cause(recovery)}: {waits}");
    }

    private static string Frozen(FrozenPart part) =>
        $"{Safe(part.What)}, for {Span(part.Since)}: waits for {Safe(part.WaitsFor)}." + (part.Remedy is { } remedy ? " " + Safe(remedy) : "");

    private static void PrintFencing(TextWriter writer, FencingStatus fencing)
    {
        Line(writer, "fencing", fencing.Agents.Count == 0
            ? "disabled: no node has a fence agent; what a lost node held waits for its lease"
              + (fencing.FreezesWithoutQuorum ? ", and for its watchdog" : "")
            : string.Join("; ", fencing.Agents.OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => $"{Safe(each.Key)} by {string.Join(", then ", each.Value.Select(Safe))}"))
                + (fencing.Without.Count == 0 ? "" : $"; disabled for {string.Join(", ", fencing.Without.Select(Safe))}"));
        foreach (FencingInfo each in fencing.UnderWay) Line(writer, "fencing", FencingText.Of(each));
    }

    private static string Security(NodeStatus node) => Safe(node.Security)
        + (node.Refused.Count == 0 ? "" : $"; refused: {string.Join(", ", node.Refused.OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => Text($"{Safe(each.Key)} {each.Value}")))}");

    private static string Lockspace(LockspaceStatus space) =>
        Text($"{Safe(space.Name)}: {space.Locks} locks of {space.Sessions} sessions here; {space.Resources} resources mastered here, {space.Waiting} waiting");

    private static void PrintTiming(TextWriter writer, TimingStatus timing, FencingStatus? fencing)
    {
        Line(writer, "session", Text($"lives {Span(timing.SessionTimeout)} without a sign of life; a client stops {Span(timing.ClientMargin)} before"));
        if (timing.NodeLease is { } lease)
            Line(writer, "lease", Text($"{Span(lease)}, renewed every {Span(timing.NodeLeaseRenewal ?? default)}, margin {Span(timing.NodeLeaseMargin ?? default)}, clock error {timing.ClockRateError:0.##%}{Left(timing)}"));
        Line(writer, "bounds", timing.NodeDeathBound is { } bound
            ? $"a dead process's locks are free at once; a dead node's after {Span(bound)} at most"
            : fencing is { FreezesWithoutQuorum: true } ? "a dead process's locks are free at once; a dead node's when a fence agent has cut its power"
            : "a dead process's locks are free at once; a dead node's only by an operator's word");
    }

    private static string Left(TimingStatus timing) => timing.SafeFor is { } left ? $"; {(left > TimeSpan.Zero ? $"{Span(left)} left" : "it has run out")}" : "";

    private static string Clock(ClockStatus clock) => Text($"{Safe(clock.Source)}, {(clock.CountsSuspend ? "counts suspend" : "does not count suspend")}")
        + (clock.Jumps == 0 ? "" : Text($"; jumped {clock.Jumps} times, by {Span(clock.LargestJump)} at most"))
        + (clock.RealTimeHeartbeats ? "" : $"; heartbeats without real-time scheduling ({Safe(clock.RealTimeRefusal ?? "not asked for")})");

    private static IEnumerable<string> Warnings(ClusterStatus status) => status.Stack.Warning is { } warning ? status.Limitations.Prepend(warning) : status.Limitations;

    private static string Span(TimeSpan span) => DurationText.Format(span);

    private static string Safe(string text) => Printable.Escape(text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
