using System.Globalization;

namespace Tyer.Cluster.State;

/// <summary>
/// What both built-in stacks do about a run that broke off: its sessions may be at work until they have run out, so the node says
/// that it is not ready and takes part in no view before.
/// </summary>
internal static class EarlierSessions
{
    /// <summary>The reason for the wait.</summary>
    public static string Describe(StateDirectory state) => string.Create(
        CultureInfo.InvariantCulture,
        $"the previous run of {state.Owner.Node} did not stop cleanly: nothing is granted until its sessions have run out, "
            + $"{state.EarlierSessionsFor.TotalSeconds:0.#} s after the start");
}
