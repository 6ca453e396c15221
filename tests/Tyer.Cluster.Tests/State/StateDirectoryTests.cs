using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tyer.Cluster.Interop;
using Tyer.Cluster.State;

namespace Tyer.Cluster.Tests.State;

public sealed partial class StateDirectoryTests : IDisposable
{
    private static readonly StateOwner Owner = new("tyer", "n1", new NodeId(1));

    private readonly TemporaryDirectory _temporary = new();

    private string Home => _temporary["n1"];

    private string StateFile => Path.Combine(Home, "state");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void A_first_start_begins_at_zero_and_waits_for_nobody()
    {
        using StateDirectory state = StateDirectory.Open(Home, Owner);

        Assert.Equal(0UL, state.HighestView);
        Assert.Equal(TimeSpan.Zero, state.EarlierSessionsFor);
        Assert.Equal(new LockIdRange(0, 1UL << 32), state.ReserveLockIds());
        Assert.Equal(Home, state.Path);
    }

    [Fact]
    public void Every_number_survives_a_restart_and_only_grows()
    {
        Incarnation first;
        using (StateDirectory state = StateDirectory.Open(Home, Owner))
        {
            first = state.Incarnation;
            state.RaiseView(7);
            state.ReserveLockIds();
        }

        using (StateDirectory state = StateDirectory.Open(Home, Owner))
        {
            Assert.Equal(7UL, state.HighestView);
            Assert.True(state.Incarnation > first);
            Assert.Equal(new LockIdRange(1UL << 32, 2UL << 32), state.ReserveLockIds());
            Assert.Equal(new LockIdRange(2UL << 32, 3UL << 32), state.ReserveLockIds());
        }
    }

    [Fact]
    public void A_view_id_that_is_not_greater_is_refused()
    {
        using StateDirectory state = StateDirectory.Open(Home, Owner);
        state.RaiseView(7);

        Assert.Throws<ArgumentOutOfRangeException>(() => state.RaiseView(7));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.RaiseView(6));
        Assert.Equal(7UL, state.HighestView);
    }

    [Fact]
    public void After_a_run_that_broke_off_its_longest_session_is_waited_for()
    {
        using (StateDirectory state = StateDirectory.Open(Home, Owner))
        {
            state.TellSession(TimeSpan.FromSeconds(10));
            state.TellSession(TimeSpan.FromSeconds(30));
            state.TellSession(TimeSpan.FromSeconds(20));
        }

        // 1 % for the clocks. A second run that breaks off while it waits changes nothing.
        for (int run = 0; run < 2; run++)
        {
            using StateDirectory state = StateDirectory.Open(Home, Owner);
            Assert.Equal(TimeSpan.FromSeconds(30.3), state.EarlierSessionsFor);
        }
    }

    [Fact]
    public void After_a_clean_stop_nothing_is_waited_for_and_the_longest_session_is_forgotten()
    {
        using (StateDirectory state = StateDirectory.Open(Home, Owner))
        {
            state.TellSession(TimeSpan.FromSeconds(30));
            state.MarkClean();
            Assert.Throws<InvalidOperationException>(() => state.RaiseView(1));
        }

        using (StateDirectory state = StateDirectory.Open(Home, Owner))
        {
            Assert.Equal(TimeSpan.Zero, state.EarlierSessionsFor);
            state.TellSession(TimeSpan.FromSeconds(5));
        }

        using (StateDirectory state = StateDirectory.Open(Home, Owner))
            Assert.Equal(TimeSpan.FromSeconds(5.05), state.EarlierSessionsFor);
    }

    [Fact]
    public void A_second_opener_is_told_who_holds_the_directory()
    {
        using StateDirectory state = StateDirectory.Open(Home, Owner);

        var e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(Home, Owner));
        Assert.Equal(StateFault.Locked, e.Fault);
        Assert.Contains(Home, e.Message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}.", e.Message, StringComparison.Ordinal);

        Assert.Equal(StateFault.Locked, Assert.Throws<StateDirectoryException>(() => StateDirectory.Adopt(Home)).Fault);
    }

    [Fact]
    public async Task A_process_started_by_the_holder_does_not_inherit_the_lock()
    {
        StateDirectory state = StateDirectory.Open(Home, Owner);
        using Process child = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true })!;
        try
        {
            state.Dispose();
            StateDirectory.Open(Home, Owner).Dispose();
        }
        finally
        {
            child.StandardInput.Close();
            await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_process_that_is_just_being_started_does_not_keep_the_lock()
    {
        StateDirectory state = StateDirectory.Open(Home, Owner);
        string lockFile = Path.Combine(Home, "lock");
        string held = Directory.GetFiles("/proc/self/fd").Single(each => File.ResolveLinkTarget(each, returnFinalTarget: false)?.FullName == lockFile);
        // As between fork and exec: another descriptor of the same open file.
        using var inherited = new SafeFileHandle(Duplicate(int.Parse(Path.GetFileName(held), CultureInfo.InvariantCulture)), ownsHandle: true);
        Assert.False(inherited.IsInvalid);
        state.Dispose();
        StateDirectory.Open(Home, Owner).Dispose();
    }

    [Fact]
    public void The_directory_and_its_files_are_private()
    {
        using StateDirectory state = StateDirectory.Open(Home, Owner);

        const UnixFileMode ownerReadsAndWrites = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(ownerReadsAndWrites | UnixFileMode.UserExecute, File.GetUnixFileMode(Home));
            Assert.Equal(ownerReadsAndWrites, File.GetUnixFileMode(StateFile));
            Assert.Equal(ownerReadsAndWrites, File.GetUnixFileMode(Path.Combine(Home, "lock")));
        }
    }

    [Fact]
    public void A_directory_that_was_open_to_others_is_closed_to_them()
    {
        if (OperatingSystem.IsWindows()) return;
        const UnixFileMode readableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(Home);
        File.SetUnixFileMode(Home, readableByAll);

        using StateDirectory state = StateDirectory.Open(Home, Owner);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Home));
    }

    [Theory]
    [InlineData("tyer", "n2", 2, "node n2 (id 2) of cluster tyer")]
    [InlineData("tyer", "n1", 2, "node n1 (id 2) of cluster tyer")]
    [InlineData("other", "n1", 1, "node n1 (id 1) of cluster other")]
    public void Another_nodes_state_is_refused(string cluster, string node, uint id, string named)
    {
        StateDirectory.Open(Home, Owner).Dispose();

        var e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(Home, new StateOwner(cluster, node, new NodeId(id))));

        Assert.Equal(StateFault.OtherOwner, e.Fault);
        Assert.Contains("node n1 (id 1) of cluster tyer", e.Message, StringComparison.Ordinal);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_is_refused_until_it_is_adopted_and_then_goes_on_far_above()
    {
        Incarnation before;
        using (StateDirectory state = StateDirectory.Open(Home, Owner))
        {
            before = state.Incarnation;
            state.RaiseView(7);
            state.ReserveLockIds();
            state.MarkClean();
        }

        string copy = _temporary["restored"];
        Directory.CreateDirectory(copy);
        File.Copy(StateFile, Path.Combine(copy, "state"));

        var e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(copy, Owner));
        Assert.Equal(StateFault.Copied, e.Fault);
        Assert.Contains($"tyer state adopt {copy}", e.Message, StringComparison.Ordinal);

        Assert.Equal(new StateAdoption(Owner, 7, 7 + 65_536, WasCopy: true), StateDirectory.Adopt(copy));

        using (StateDirectory state = StateDirectory.Open(copy, Owner))
        {
            Assert.Equal(7UL + 65_536, state.HighestView);
            Assert.True(state.Incarnation > before);
            Assert.True(state.ReserveLockIds().First >= 4096UL << 32);

            // The copy said clean; how the run ended that came after it, nobody knows.
            Assert.True(state.EarlierSessionsFor >= TimeSpan.FromSeconds(10));
        }
    }

    [Fact]
    public void A_file_that_was_restored_over_the_original_is_refused()
    {
        StateDirectory.Open(Home, Owner).Dispose();
        string backup = _temporary["backup"];
        File.Copy(StateFile, backup);
        StateDirectory.Open(Home, Owner).Dispose();

        File.Delete(StateFile);
        File.Copy(backup, StateFile);

        Assert.Equal(StateFault.Copied, Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(Home, Owner)).Fault);
    }

    [Fact]
    public void A_directory_that_was_moved_is_still_the_same()
    {
        using (StateDirectory state = StateDirectory.Open(Home, Owner)) state.RaiseView(7);

        string moved = _temporary["moved"];
        Directory.Move(Home, moved);

        using (StateDirectory state = StateDirectory.Open(moved, Owner)) Assert.Equal(7UL, state.HighestView);
    }

    [Fact]
    public void Adoption_without_a_copy_serves_after_a_machine_was_set_back()
    {
        using (StateDirectory state = StateDirectory.Open(Home, Owner)) state.RaiseView(7);

        Assert.Equal(new StateAdoption(Owner, 7, 7 + 65_536, WasCopy: false), StateDirectory.Adopt(Home));
    }

    [Fact]
    public void What_root_adopts_still_belongs_to_the_daemons_user()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can write into somebody else's directory.");
        StateDirectory.Open(Home, Owner).Dispose();
        File.Delete(Path.Combine(Home, "lock"));
        using (SafeFileHandle home = Libc.Open(Home, Libc.OpenReadOnly, UnixFileMode.None)) Libc.Give(home, 4242, 4343);

        StateDirectory.Adopt(Home);

        foreach (string name in new[] { "state", "lock" })
        {
            using SafeFileHandle file = File.OpenHandle(Path.Combine(Home, name));
            FileFacts facts = Libc.Describe(file);
            Assert.Equal((4242U, 4343U), (facts.User, facts.Group));
        }
    }

    [Fact]
    public void There_must_be_something_to_adopt()
    {
        var e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Adopt(Home));
        Assert.Equal(StateFault.Missing, e.Fault);
        Assert.False(Directory.Exists(Home));

        Directory.CreateDirectory(Home);
        e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Adopt(Home));
        Assert.Equal(StateFault.Missing, e.Fault);
    }

    [Fact]
    public void A_file_that_is_cut_short_anywhere_is_refused_by_name()
    {
        StateDirectory.Open(Home, Owner).Dispose();
        byte[] whole = File.ReadAllBytes(StateFile);

        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(StateFile, whole[..length]);
            var e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(Home, Owner));
            Assert.Equal(StateFault.Corrupt, e.Fault);
            Assert.Contains(StateFile, e.Message, StringComparison.Ordinal);
        }

        // Written in place, so the file is the original again: the damage was all there was to object to.
        File.WriteAllBytes(StateFile, whole);
        StateDirectory.Open(Home, Owner).Dispose();
    }

    [Fact]
    public void A_file_with_any_bit_turned_is_refused()
    {
        StateDirectory.Open(Home, Owner).Dispose();
        byte[] whole = File.ReadAllBytes(StateFile);

        for (int i = 0; i < whole.Length; i++)
        {
            byte[] damaged = [.. whole];
            damaged[i] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(StateFile, damaged);
            Assert.Equal(StateFault.Corrupt, Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(Home, Owner)).Fault);
            Assert.Equal(StateFault.Corrupt, Assert.Throws<StateDirectoryException>(() => StateDirectory.Adopt(Home)).Fault);
        }
    }

    [Fact]
    public void A_file_of_a_later_version_and_a_huge_one_are_refused()
    {
        StateDirectory.Open(Home, Owner).Dispose();
        string text = File.ReadAllText(StateFile);

        File.WriteAllText(StateFile, text.Replace("tyer-state 1", "tyer-state 2", StringComparison.Ordinal));
        var e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(Home, Owner));
        Assert.Equal(StateFault.Corrupt, e.Fault);
        Assert.Contains("version", e.Message, StringComparison.Ordinal);

        File.WriteAllBytes(StateFile, new byte[1 << 20]);
        Assert.Equal(StateFault.Corrupt, Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(Home, Owner)).Fault);
    }

    [Fact]
    public void What_a_crash_left_of_a_write_that_had_not_ended_is_ignored()
    {
        using (StateDirectory state = StateDirectory.Open(Home, Owner)) state.RaiseView(7);
        File.WriteAllText(Path.Combine(Home, "state.new"), "half");

        using (StateDirectory state = StateDirectory.Open(Home, Owner)) Assert.Equal(7UL, state.HighestView);
        Assert.False(File.Exists(Path.Combine(Home, "state.new")));
    }

    [Fact]
    public void A_place_where_nothing_can_be_written_is_named()
    {
        // Nobody can make a directory here, root included.
        var e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Open("/proc/tyer/n1", Owner));
        Assert.Equal(StateFault.Inaccessible, e.Fault);
        Assert.Contains("/proc/tyer/n1", e.Message, StringComparison.Ordinal);
        Assert.Contains("--state", e.Message, StringComparison.Ordinal);

        File.WriteAllText(_temporary["file"], "");
        e = Assert.Throws<StateDirectoryException>(() => StateDirectory.Open(Path.Combine(_temporary["file"], "n1"), Owner));
        Assert.Equal(StateFault.Inaccessible, e.Fault);
    }

    [Fact]
    public void A_write_that_fails_changes_nothing()
    {
        using StateDirectory state = StateDirectory.Open(Home, Owner);
        state.RaiseView(7);

        // A directory in the new file's place fails the write, whoever runs this.
        string obstacle = Path.Combine(Home, "state.new");
        Directory.CreateDirectory(obstacle);
        var e = Assert.Throws<StateDirectoryException>(() => state.RaiseView(8));
        Assert.Equal(StateFault.Inaccessible, e.Fault);
        Assert.Contains(StateFile, e.Message, StringComparison.Ordinal);
        Assert.Equal(7UL, state.HighestView);

        Directory.Delete(obstacle);
        state.RaiseView(8);
        Assert.Equal(8UL, state.HighestView);
    }

    [Fact]
    public void A_session_no_longer_than_those_before_costs_no_write()
    {
        using StateDirectory state = StateDirectory.Open(Home, Owner);
        state.TellSession(TimeSpan.FromSeconds(10));
        byte[] before = File.ReadAllBytes(StateFile);

        state.TellSession(TimeSpan.FromSeconds(10));

        // Every write is a new file with its own birth time in it.
        Assert.Equal(before, File.ReadAllBytes(StateFile));
    }

    [Fact]
    public void Lock_ids_that_are_used_up_are_refused_not_repeated()
    {
        NodeState nearlyFull = NodeState.Fresh(Owner) with { LockIdMark = LockId.CounterMax - 5 };

        Assert.Throws<OverflowException>(() => nearlyFull.Reserved(1));
        Assert.Throws<OverflowException>(() => (nearlyFull with { View = ulong.MaxValue }).Adopted());
    }

    [Fact]
    public void A_volatile_state_needs_no_file_and_says_what_it_lacks()
    {
        using StateDirectory state = StateDirectory.Volatile(Owner);

        Assert.Null(state.Path);
        Assert.NotNull(state.Caution);
        Assert.Equal(TimeSpan.Zero, state.EarlierSessionsFor);
        state.RaiseView(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.RaiseView(1));
        Assert.Equal(0UL, state.ReserveLockIds().First);
        Assert.Equal(1UL << 32, state.ReserveLockIds().First);
        state.MarkClean();
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);
}
