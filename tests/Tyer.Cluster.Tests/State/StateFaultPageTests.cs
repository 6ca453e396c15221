using System.Runtime.CompilerServices;
using Tyer.Cluster.State;

namespace Tyer.Cluster.Tests.State;

public sealed class StateFaultPageTests
{
    [Fact]
    public void Every_fault_can_be_looked_up()
    {
        string page = File.ReadAllText(Path.Combine(Here(), $"../../../docs/errors/{StateDirectoryException.ErrorCode}.md"));

        Assert.All(Enum.GetNames<StateFault>(), fault => Assert.Contains($"| `{fault}` |", page, StringComparison.Ordinal));
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
