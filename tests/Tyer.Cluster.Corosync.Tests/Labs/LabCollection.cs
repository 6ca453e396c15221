namespace Tyer.Cluster.Corosync.Tests.Labs;

/// <summary>Tests that have real daemons run one after the other: a machine that is too busy makes healthy daemons look dead.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LabCollection
{
    internal const string Name = "real daemons";
}
