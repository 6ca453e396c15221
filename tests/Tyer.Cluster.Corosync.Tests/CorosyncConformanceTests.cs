using Tyer.Cluster.Corosync.Tests.Labs;

namespace Tyer.Cluster.Corosync.Tests;

/// <summary>What every stack with an engine has to keep, with three real daemons.</summary>
[Collection(LabCollection.Name)]
public sealed class CorosyncConformanceTests : LeasedStackConformance
{
    private protected override LeasedLab NewLeasedLab()
    {
        CorosyncLab.Require();
        return new CorosyncStackLab();
    }
}
