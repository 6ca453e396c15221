using System.Globalization;
using Tyer.Daemon.Text;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Output;

/// <summary>How the fencing of a lost node stands, and how its agents answered a test, for people.</summary>
internal static class FencingText
{
    public static string Of(FencingInfo info)
    {
        string victim = string.Create(CultureInfo.InvariantCulture, $"{Safe(info.Node)} ({info.NodeId}.{info.Incarnation})");
        string stage = info.Stage switch
        {
            FencingStage.Elsewhere => $"is left to {Safe(info.By)}, which does not say how far it is",
            FencingStage.Waiting => info.NextIn is { } span && span > TimeSpan.Zero
                ? $"by {Safe(info.By)}: {Safe(info.Agent)} in {DurationText.Format(span)}"
                : $"by {Safe(info.By)}: {Safe(info.Agent)} is about to run",
            FencingStage.Running => $"by {Safe(info.By)}: {Safe(info.Agent)} runs",
            FencingStage.Off => $"by {Safe(info.By)}: its power is off, about to be told to all",
            var other => $"by {Safe(info.By)}: {other}",
        };
        string attempts = info.Attempts == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", attempt {info.Attempts}");
        string error = info.LastError is { } last
            ? $"; last: {Safe(last)}. Mend that ('tyer fence test {Safe(info.Node)}' shows whether it works), or make sure that it is off and say so: 'tyer fence ack {Safe(info.Node)}'"
            : "";
        return $"{victim} {stage}{attempts}{error}";
    }

    /// <summary>What the node does when it is put out, and when no majority answers it.</summary>
    public static string Expulsion(string policy, FencingStatus? fencing)
    {
        string does = policy switch
        {
            "notify" => "notify: its programs are told that their locks are lost",
            "disconnect" => "disconnect: its programs are told that their locks are lost, and their connections are closed",
            "kill" => "kill: processes of this machine that have a lockspace open are killed",
            "watchdog" => "watchdog: the machine is reset",
            var other => Safe(other),
        };
        if (fencing is null) return does;
        string loss = fencing.FreezesWithoutQuorum ? "freeze: without a majority it keeps what is held, and grants nothing" : "revoke: without a majority it is out when its lease has run out";
        string watchdog = fencing.Watchdog is { } path ? $"; feeds {Safe(path)} ({DurationText.Format(fencing.WatchdogTimeout ?? default)}) while it may act{(fencing.IsWatchdogArmed ? "" : ", not set going yet")}" : "";
        return $"{does}; {loss}{watchdog}";
    }

    public static string Of(FenceTestAnswer answer)
    {
        string took = string.Create(CultureInfo.InvariantCulture, $"{answer.Took.TotalSeconds:0.0} s");
        return $"{Safe(answer.Agent)}: {(IsGood(answer) ? "works" : "FAILS")} ({took}): {Safe(answer.Why)}";
    }

    /// <summary>By the convention, 0 is on, or well; 2 is off.</summary>
    public static bool IsGood(FenceTestAnswer answer) => answer.Code is 0 or 2;

    private static string Safe(string text) => Printable.Escape(text);
}
