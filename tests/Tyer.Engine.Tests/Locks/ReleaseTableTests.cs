using System.Text;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Locks;

/// <summary>What becomes of the value when a lock of each mode goes, in each way that it can go, at the master and from another node.</summary>
public sealed class ReleaseTableTests
{
    private const string New = "new Valid";
    private const string Old = "old Valid";
    private const string Doubted = "old Invalid";

    /// <summary>How it goes, and the value after it: with PW and EX, and with the four modes that cannot write.</summary>
    private static readonly Dictionary<string, (string OfWriters, string OfOthers, Action<Client, LockId> Go)> Ways = new()
    {
        ["with a value"] = (New, Old, (client, id) => client.Unlock(id, RawFlags.ValBlk, "new"u8.ToArray())),
        ["with a value, without VALBLK"] = (Old, Old, (client, id) => client.Unlock(id, RawFlags.None, "new"u8.ToArray())),
        ["without a value"] = (Old, Old, (client, id) => client.Unlock(id)),
        ["with IVVALBLK"] = (Doubted, Old, (client, id) => client.Unlock(id, RawFlags.IvValBlk)),
        ["with IVVALBLK and a value"] = (Doubted, Old, (client, id) => client.Unlock(id, RawFlags.IvValBlk | RawFlags.ValBlk, "new"u8.ToArray())),
        ["by the death of its process"] = (Doubted, Old, (client, _) => client.Die()),
    };

    public static TheoryData<LockMode, string, uint> Cases =>
        [.. from mode in LockModes.All.ToArray() from way in Ways.Keys from node in new[] { 1u, 2u } select (mode, way, node)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_value_is_written_kept_or_doubted(LockMode mode, string way, uint node)
    {
        var cluster = new EngineCluster(nodes: 2);
        cluster.OpenLockspace(Client.Space);
        var name = cluster.NameAt(Client.Space, node: 1);
        var keeper = new Client(cluster, 1, "keeper");
        keeper.Lock(name, LockMode.Null);
        keeper.Unlock(keeper.Lock(name, LockMode.Exclusive), RawFlags.ValBlk, "old"u8.ToArray());
        var owner = new Client(cluster, node, "owner");
        var id = owner.Lock(name, mode);
        cluster.RunToQuiet();

        Ways[way].Go(owner, id);
        cluster.RunToQuiet();

        var reader = keeper.Lock(name, LockMode.ConcurrentRead, RawFlags.ValBlk);
        cluster.RunToQuiet();
        var read = cluster.Events.OfType<CompletedEvent>().Last(told => told.Lock == reader);
        var expected = mode is LockMode.ProtectedWrite or LockMode.Exclusive ? Ways[way].OfWriters : Ways[way].OfOthers;
        Assert.Equal(expected, $"{Encoding.UTF8.GetString(read.Value)} {read.ValueState}");
    }
}
