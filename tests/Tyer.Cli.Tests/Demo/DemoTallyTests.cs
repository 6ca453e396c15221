using Tyer.Cli.Demo;

namespace Tyer.Cli.Tests.Demo;

/// <summary>The demo's books find what is wrong, and only that.</summary>
public class DemoTallyTests
{
    [Fact]
    public void Journals_that_share_out_every_number_are_good()
    {
        var tally = DemoTally.Of(4, [[1, 4], [2, 3]]);
        Assert.Equal(new DemoTally(4, 4, 0, 0), tally);
        Assert.True(tally.IsGood);
    }

    [Fact]
    public void A_number_in_two_journals_is_a_lost_increment()
    {
        var tally = DemoTally.Of(3, [[1, 2], [2, 3]]);
        Assert.Equal(1, tally.Lost);
        Assert.False(tally.IsGood);
    }

    [Fact]
    public void A_number_in_no_journal_is_missing()
    {
        var tally = DemoTally.Of(3, [[1], [3]]);
        Assert.Equal(1, tally.Missing);
        Assert.False(tally.IsGood);
    }

    [Fact]
    public void A_note_that_the_killed_worker_did_not_come_to_write_does_not_count()
    {
        // Another wrote that number after it, or nobody did.
        Assert.True(DemoTally.Of(3, [[1, 2], [2, 3]], 0).IsGood);
        Assert.True(DemoTally.Of(2, [[1, 3], [2]], 0).IsGood);
    }

    [Fact]
    public void Only_the_last_note_of_the_killed_worker_is_excused()
    {
        Assert.False(DemoTally.Of(3, [[1, 2], [1, 3]], 0).IsGood);
        Assert.False(DemoTally.Of(3, [[1, 2], [2, 3]], 1).IsGood);
    }

    [Fact]
    public void Of_several_that_were_killed_each_has_one_note_excused()
    {
        Assert.True(DemoTally.Of(4, [[1, 2], [2, 3], [3, 4]], 0, 1).IsGood);
        Assert.False(DemoTally.Of(4, [[1, 2], [2, 3], [3, 4]], 0).IsGood);
    }

    [Fact]
    public void A_demo_in_which_nothing_happened_is_not_good() => Assert.False(DemoTally.Of(0, [[], []]).IsGood);

    [Fact]
    public void A_line_that_was_cut_off_is_no_note()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "7\n12\n13");
            Assert.Equal([7, 12], DemoTally.ReadJournal(path));
            Assert.Empty(DemoTally.ReadJournal(path + "-that-is-not-there"));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
