using Tyer.System.Tests.Support;

namespace Tyer.System.Tests;

/// <summary>Tests that leave the cluster as it was share one; they run one after the other.</summary>
[CollectionDefinition(nameof(SharedNodes))]
public sealed class SharedNodes : ICollectionFixture<ThreeNodes>;
