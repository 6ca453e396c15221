using Tyer.Engine.Tables;

namespace Tyer.Engine.Tests.Tables;

public sealed class LockTableTests
{
    [Theory]
    [InlineData(1, 100_000)]
    [InlineData(2, 100_000)]
    [InlineData(3, 80_000)]
    [InlineData(64, 3_000)]
    public void Ids_of_several_nodes_that_count_side_by_side_do_not_pile_up(int nodes, int each)
    {
        var table = new LockTable();
        for (var number = 1; number <= each; number++)
        {
            for (var node = 1; node <= nodes; node++)
                table.Add(LockId.Create((uint)node, (ulong)number));
        }

        Assert.Equal(nodes * each, table.Count);
        Assert.InRange(table.LongestProbe(), 0, 400);
    }

    [Fact]
    public void What_is_taken_out_leaves_the_others_where_they_are_found()
    {
        var table = new LockTable();
        var ids = Enumerable.Range(1, 5_000).SelectMany(number => new[] { LockId.Create(1, (ulong)number), LockId.Create(2, (ulong)number) }).ToArray();
        foreach (var id in ids)
            table.Add(id);
        for (var index = 0; index < ids.Length; index += 2)
            table.Remove(table.Find(ids[index])!);
        for (var index = 0; index < ids.Length; index++)
            Assert.Equal(index % 2 == 1, table.Find(ids[index]) is not null);
    }
}
