namespace Tyer.Architecture.Tests;

/// <summary>The house: which project may use which. An arrow never points up, nor sideways.</summary>
internal static class Floors
{
    private static readonly string[] Words = ["Tyer"];
    private static readonly string[] Machinery = ["Tyer.Engine", "Tyer.Comms", "Tyer.Cluster", "Tyer.Sessions"];
    private static readonly string[] Running = ["Tyer.Node", "Tyer.Client"];
    private const string Simulation = "Tyer.Simulation";
    private const string StackPrefix = "Tyer.Cluster.";

    public static bool MayUse(string user, string used) => user switch
    {
        "Tyer" => false,
        "Tyer.Engine" or "Tyer.Comms" or "Tyer.Cluster" or "Tyer.Sessions" => Words.Contains(used),
        "Tyer.Node" => Words.Contains(used) || Machinery.Contains(used),
        // Whole clusters in a box, each of nodes as they run: one floor above these.
        Simulation => Words.Contains(used) || Machinery.Contains(used) || used == "Tyer.Node",
        "Tyer.Client" => used is "Tyer" or "Tyer.Comms" or "Tyer.Sessions",
        // Where no daemon runs, the command line becomes a private one: the same program, in a process of its own.
        "Tyer.Cli" when used == "Tyer.Daemon" => true,
        _ when IsStack(user) => used is "Tyer" or "Tyer.Cluster",
        // A face: a program, an adapter. It may use whatever is below, and nobody uses it.
        _ => Words.Contains(used) || Machinery.Contains(used) || IsStack(used) || Running.Contains(used) || used == Simulation,
    };

    /// <summary>Each isolates the client of one outside engine.</summary>
    private static bool IsStack(string project) => project.StartsWith(StackPrefix, StringComparison.Ordinal);
}
