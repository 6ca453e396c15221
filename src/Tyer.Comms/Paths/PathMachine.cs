namespace Tyer.Comms.Paths;

/// <summary>What can happen to a path.</summary>
internal enum PathTrigger
{
    /// <summary>It is being dialled.</summary>
    Dial,

    /// <summary>Somebody answered, or the peer has dialled and says who it is.</summary>
    Answered,

    /// <summary>Both links are agreed on.</summary>
    Agreed,

    /// <summary>Enough pongs came in time, or the peer sends messages over it, which proves as much.</summary>
    Proven,

    /// <summary>Silent for too long.</summary>
    Overdue,

    /// <summary>One of its two links has ended; or no attempt is left.</summary>
    Lost,

    /// <summary>It is to be removed.</summary>
    Remove,

    /// <summary>Nothing is carried over it any more.</summary>
    Drained,
}

/// <summary>The states of a path as a function: (state, trigger) to (state, whether its links are to be ended). Null is a pair that cannot come.</summary>
internal static class PathMachine
{
    /// <summary>What follows.</summary>
    public static (PathState State, bool EndsLinks)? Next(PathState state, PathTrigger trigger) => (state, trigger) switch
    {
        (PathState.Down, PathTrigger.Dial) => (PathState.Dialing, false),
        (PathState.Down or PathState.Dialing, PathTrigger.Answered) => (PathState.Handshaking, false),
        (PathState.Handshaking, PathTrigger.Agreed) => (PathState.Proving, false),
        (PathState.Proving, PathTrigger.Proven) => (PathState.Up, false),
        (PathState.Up, PathTrigger.Remove) => (PathState.Draining, false),
        (PathState.Draining, PathTrigger.Drained) => (PathState.Removing, true),

        // What is being agreed on beside it changes nothing: one link wins, the others are refused.
        (PathState.Handshaking or PathState.Proving or PathState.Up or PathState.Draining or PathState.Removing, PathTrigger.Answered) => (state, false),

        // Late words about what is over already.
        (PathState.Up or PathState.Draining or PathState.Removing or PathState.Down, PathTrigger.Proven) => (state, false),
        (PathState.Down or PathState.Removing, PathTrigger.Lost or PathTrigger.Overdue) => (state, false),
        (PathState.Draining or PathState.Removing, PathTrigger.Remove) => (state, false),
        (PathState.Down or PathState.Removing, PathTrigger.Drained) => (state, false),

        (PathState.Dialing or PathState.Handshaking or PathState.Proving or PathState.Up, PathTrigger.Lost or PathTrigger.Overdue) => (PathState.Down, true),
        (PathState.Draining, PathTrigger.Lost or PathTrigger.Overdue) => (PathState.Removing, true),
        (_, PathTrigger.Remove) => (PathState.Removing, true),
        _ => null,
    };

    /// <summary>Whether messages may be carried over it.</summary>
    public static bool IsUsable(PathState state) => state is PathState.Up or PathState.Draining;
}
