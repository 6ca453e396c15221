using System.Globalization;
using Tyer.Cluster;
using Tyer.Time;

namespace Tyer.Tests.Shared.Stacks;

/// <summary>
/// All that the members of one cluster have been told, in the order in which it happened, and the rules that hold for it whichever stack told them.
/// A rule that is broken fails the test, with the history.
/// </summary>
/// <param name="now">What tells the time; null: the machine's clock.</param>
/// <param name="advance">Lets a little time pass, where that is not the machine's; null: it passes by itself.</param>
internal sealed class StackHistory(Func<TimeSpan>? now = null, Action? advance = null)
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly Dictionary<ulong, ClusterView> _views = [];
    private readonly Dictionary<NodeIncarnation, RecordedMember> _members = [];
    private readonly List<string> _broken = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Against a test that hangs; nothing waits this long when all is well.</summary>
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    /// <summary>One clock for all: what members are told can be compared.</summary>
    internal TimeSpan Now => now?.Invoke() ?? BootClock.Instance.Now;

    internal ulong HighestView
    {
        get
        {
            lock (_gate) return _views.Keys.DefaultIfEmpty().Max();
        }
    }

    internal void Add(RecordedMember member)
    {
        lock (_gate) _members[member.Self] = member;
    }

    /// <summary>Waits until something holds, looking whenever a member has been told something.</summary>
    internal async Task UntilAsync(Func<bool> holds, string what)
    {
        if (advance is not null)
        {
            TimeSpan end = Now + Guard;
            while (!holds())
            {
                if (Now >= end) throw new TimeoutException($"never: {what}\n{this}");
                advance();
            }

            return;
        }

        using var guard = new CancellationTokenSource(Guard);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (holds()) return;
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(guard.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"never: {what}\n{this}");
            }
        }
    }

    /// <summary>Fails with what was broken, if anything was.</summary>
    internal void Check()
    {
        lock (_gate) Assert.True(_broken.Count == 0, $"{string.Join("\n", _broken)}\n{this}");
    }

    /// <summary>Notes something a test did, or a member was told.</summary>
    internal void Record(string who, string what, Action apply)
    {
        lock (_gate)
        {
            _lines.Add(string.Create(CultureInfo.InvariantCulture, $"{Now.TotalSeconds:0.000} {who}: {what}"));
            apply();
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    internal void Expect(bool holds, string rule)
    {
        if (!holds) _broken.Add($"broken: {rule}");
    }

    /// <summary>The same id is the same view; ids grow, and who has departed is in no later view.</summary>
    internal void OnView(RecordedMember member, ClusterView view)
    {
        if (_views.TryGetValue(view.Id, out ClusterView? same)) Expect(same == view, $"{view.Id} is {same} and {view}");
        _views[view.Id] = view;
        Expect(view.Contains(member.Self), $"{member.Self} is in the views that it is told of");
        Expect(view.Id > (member.Views.LastOrDefault()?.Id ?? member.HighestBefore), $"the id {view.Id} is above all that were known when {member.Self} began, and grows");
        Expect(view.Running >= (member.Views.LastOrDefault()?.Running ?? 0), $"the version that runs does not fall in view {view.Id}");
        Expect(member.Versions.Contains(view.Running), $"{member.Self} speaks the version that runs in view {view.Id}");
        foreach (ClusterView other in _views.Values)
        {
            foreach (NodeIncarnation departed in other.Unproven)
                Expect(other.Id > view.Id || !view.Contains(departed), $"{departed}, departed in view {other.Id}, is not in view {view.Id}");
            if (other.HasQuorum && view.HasQuorum)
                Expect(other.Members.Any(each => view.Find(each.Id) is not null), $"views {other.Id} and {view.Id} with quorum have a node in common");
        }
    }

    /// <summary>Proven to have stopped is only who has: on its own clock, by its own farewell, with its process or its machine, or by an operator's word.</summary>
    internal void OnFenced(RecordedMember told, NodeIncarnation departed, FenceProof proof)
    {
        Expect(told.Fenced.TryAdd(departed, proof), $"{told.Self} is told once that {departed} has stopped");
        if (!_members.TryGetValue(departed, out RecordedMember? member)) return;
        bool mayAct = proof switch
        {
            FenceProof.OperatorWord => false,
            FenceProof.CleanLeave => member.LeftAt is null,
            // Nothing is left of it: its process is gone, and no client of it was told a time.
            FenceProof.RejoinedClean => member.State != StackState.Closed,
            FenceProof.PowerOff => member.State != StackState.Closed,
            _ => member.Now < member.SafeUntil,
        };
        Expect(!mayAct, $"{departed} may act no more when {told.Self} is told of the proof {proof} (safe until {member.SafeUntil.TotalSeconds:0.000})");
    }

    public override string ToString()
    {
        lock (_gate) return string.Join("\n", _lines);
    }
}
