using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Tyer.Engine.Tests.Harness;

namespace Tyer.Engine.Tests.Locks;

/// <summary>All 36 conversions, carried out: by a lock that is mastered on its own node, and by one that is not.</summary>
public sealed class ConversionTableTests
{
    // R: gets the value. W: writes what it gives. A dot: neither. Row: from, column: to.
    private const string ValueTable = """
           NL CR CW PR PW EX
        NL  R  R  R  R  R  R
        CR  .  R  R  R  R  R
        CW  .  .  R  R  R  R
        PR  .  .  .  R  R  R
        PW  W  W  W  W  W  R
        EX  W  W  W  W  W  W
        """;

    // D: down, granted without an answer, and the token stays. A dot: granted by the master, with a new token.
    private const string DownTable = """
           NL CR CW PR PW EX
        NL  .  .  .  .  .  .
        CR  D  .  .  .  .  .
        CW  D  D  .  .  .  .
        PR  D  D  .  .  .  .
        PW  D  D  D  D  .  .
        EX  D  D  D  D  D  .
        """;

    public static TheoryData<LockMode, LockMode, char, bool, uint> Cases =>
    [
        .. from value in Read(ValueTable)
           join down in Read(DownTable) on (value.From, value.To) equals (down.From, down.To)
           from owner in new uint[] { 1, 2 }
           select (value.From, value.To, value.Cell, down.Cell == 'D', owner),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_conversion_does_as_the_tables_say(LockMode from, LockMode to, char action, bool isDown, uint owner)
    {
        // Node 1 is master, and keeps the value alive.
        var cluster = new EngineCluster(nodes: 2, directory: 1);
        cluster.OpenLockspace(Client.Space);
        var keeper = new Client(cluster, 1, "keeper");
        var client = new Client(cluster, owner, "client");
        var kept = keeper.Lock("r", LockMode.Exclusive);
        keeper.Convert(kept, LockMode.Null, RawFlags.ValBlk, "old"u8.ToArray());
        var id = client.Lock("r", from);
        cluster.RunToQuiet();
        var before = cluster.Events.OfType<CompletedEvent>().Last();
        cluster.TakeEvents();
        var delivered = cluster.Delivered;

        client.Convert(id, to, RawFlags.ValBlk, "new"u8.ToArray());
        cluster.RunToQuiet();

        var end = Assert.Single(cluster.Events.OfType<CompletedEvent>());
        Assert.Equal((OperationKind.Convert, RequestStatus.Granted, to), (end.Completion.Kind, end.Completion.Status, end.Completion.Mode));
        Assert.Equal(isDown, end.Token == before.Token);
        Assert.Equal(owner == 1 ? 0 : isDown ? 1 : 2, cluster.Delivered - delivered);
        Assert.Equal(action == 'R' || (action == 'W' && !isDown), end.Completion.ValueRead);
        if (end.Completion.ValueRead)
            Assert.Equal(action == 'R' ? "old"u8 : "new"u8, end.Value);
        Assert.Equal(action == 'W' ? "new"u8 : "old"u8, ClusterAudit.Find(cluster[1], Client.Space, "r"u8).Value!.Bytes);
        ClusterAudit.Check(cluster);
    }

    [Fact]
    public void The_rules_alone_say_the_same_of_values()
    {
        foreach (var (from, to, cell) in Read(ValueTable))
        {
            var action = cell switch { 'R' => ValueAction.Read, 'W' => ValueAction.Write, _ => ValueAction.Tell };
            Assert.Equal(action, ValueRules.Of(from, to));
            Assert.Equal(ValueAction.Read, ValueRules.Of(null, to));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_strict_conversion_is_accepted_where_it_may_have_to_wait(uint owner)
    {
        foreach (var (from, to, cell) in Read(DownTable))
        {
            var cluster = new EngineCluster(nodes: 2, directory: 1);
            cluster.OpenLockspace(Client.Space);
            new Client(cluster, 1, "keeper").Lock("r", LockMode.Null);
            var client = new Client(cluster, owner, "client");
            var id = client.Lock("r", from);
            cluster.RunToQuiet();

            var result = cluster[owner].Convert(client.Session, id, new ConvertCall { Mode = to, Flags = RawFlags.QueCvt });

            Assert.Equal(cell == 'D' || from == to ? RawResult.InvalidConversion : RawResult.Accepted, result);
        }
    }

    [Fact]
    public void Two_requests_are_granted_beside_each_other_where_their_modes_go_together()
    {
        foreach (var held in LockModes.All)
        {
            foreach (var wanted in LockModes.All)
            {
                var cluster = new EngineCluster(nodes: 1);
                cluster.OpenLockspace(Client.Space);
                var client = new Client(cluster, 1, "client");
                client.Lock("r", held);

                var id = client.Lock("r", wanted, RawFlags.NoQueue);

                var status = LockModes.IsCompatible(held, wanted) ? RequestStatus.Granted : RequestStatus.Again;
                Assert.Equal(status, Assert.Single(client.EndsOf(id)).Status);
            }
        }
    }

    private static IEnumerable<(LockMode From, LockMode To, char Cell)> Read(string table) =>
        from row in table.Split('\n').Skip(1)
        let words = row.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        from column in Enumerable.Range(0, LockModes.Count)
        select (LockModes.Parse(words[0]), (LockMode)column, words[column + 1][0]);
}
