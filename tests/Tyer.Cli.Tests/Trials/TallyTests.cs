using Tyer.Cli.Trials;

namespace Tyer.Cli.Tests.Trials;

/// <summary>The books of a trial find what is wrong, and only that.</summary>
public class TallyTests
{
    [Fact]
    public void Journals_that_share_out_every_number_are_good()
    {
        var tally = Tally.Of(4, [[1, 4], [2, 3]]);
        Assert.Equal(new Tally(4, 4, 0, 0), tally);
        Assert.True(tally.IsGood);
    }

    [Fact]
    public void A_number_in_two_journals_is_a_lost_increment()
    {
        var tally = Tally.Of(3, [[1, 2], [2, 3]]);
        Assert.Equal(1, tally.Lost);
        Assert.False(tally.IsGood);
    }

    [Fact]
    public void A_number_in_no_journal_is_missing()
    {
        var tally = Tally.Of(3, [[1], [3]]);
        Assert.Equal(1, tally.Missing);
        Assert.False(tally.IsGood);
    }

    [Fact]
    public void A_note_that_the_killed_worker_did_not_come_to_write_does_not_count()
    {
        // Another wrote that number after it, or nobody did.
        Assert.True(Tally.Of(3, [[1, 2], [2, 3]], 0).IsGood);
        Assert.True(Tally.Of(2, [[1, 3], [2]], 0).IsGood);
    }

    [Fact]
    public void Only_the_last_note_of_the_killed_worker_is_excused()
    {
        Assert.False(Tally.Of(3, [[1, 2], [1, 3]], 0).IsGood);
        Assert.False(Tally.Of(3, [[1, 2], [2, 3]], 1).IsGood);
    }

    [Fact]
    public void Of_several_that_were_killed_each_has_one_note_excused()
    {
        Assert.True(Tally.Of(4, [[1, 2], [2, 3], [3, 4]], 0, 1).IsGood);
        Assert.False(Tally.Of(4, [[1, 2], [2, 3], [3, 4]], 0).IsGood);
    }

    [Fact]
    public void A_demo_in_which_nothing_happened_is_not_good() => Assert.False(Tally.Of(0, [[], []]).IsGood);

    [Fact]
    public void A_line_that_was_cut_off_is_no_note()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "7\n12\n13");
            Assert.Equal([7, 12], Tally.ReadJournal(path));
            Assert.Empty(Tally.ReadJournal(path + "-that-is-not-there"));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
