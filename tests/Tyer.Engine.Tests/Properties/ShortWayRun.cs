using System.Text;
using Tyer.Engine.Directory;
using Tyer.Engine.Locks;
using Tyer.Engine.Owning;
using Tyer.Engine.Tests.Harness;
using Lock = Tyer.Engine.Locks.Lock;

namespace Tyer.Engine.Tests.Properties;

/// <summary>Runs a program on two clusters side by side, of which one takes the short ways, and compares all that there is after every step.</summary>
internal sealed class ShortWayRun
{
    private readonly Side _long;
    private readonly Side _short;

    private ShortWayRun(LockProgram program)
    {
        _long = new Side(program, takesShortWays: false);
        _short = new Side(program, takesShortWays: true);
    }

    /// <summary>Runs a program; returns how often a short way was taken.</summary>
    internal static int Check(LockProgram program)
    {
        var run = new ShortWayRun(program);
        for (var number = 0; number < program.Steps.Length; number++)
        {
            var step = program.Steps[number];
            var (expected, seen) = (run._long.Do(step), run._short.Do(step));
            Require.That(expected == seen, $"step {number}, {step}: the short way leads to\n{seen}\nand the long one to\n{expected}");
        }

        return run._short.ShortWaysTaken;
    }

    /// <summary>One of the two clusters.</summary>
    private sealed class Side
    {
        private readonly EngineCluster _cluster;
        private readonly bool _takesShortWays;
        private readonly List<Session> _sessions = [];
        private readonly List<(LockId Id, Session Session)> _locks = [];
        private readonly StringBuilder _seen = new();
        private readonly object _tag = "tag";

        internal Side(LockProgram program, bool takesShortWays)
        {
            _takesShortWays = takesShortWays;
            _cluster = new EngineCluster(program.Nodes, directory: program.Directory, answerGrace: TimeSpan.TicksPerDay);
            _cluster.OpenLockspace(Places.Space, new LockspaceSettings(Calls.ValueSize, Calls.QueueLengthMax, Calls.LocksPerSessionMax));
            _cluster.MessageSent = (from, to, bytes) => _seen.AppendLine($"n{from} to n{to}: {Convert.ToHexString(bytes)}");
            foreach (var node in _cluster.Nodes)
            {
                for (var number = 1; number <= 2; number++)
                    _sessions.Add(_cluster.OpenSession(node, $"n{node}/s{number}", processId: number));
            }
        }

        internal int ShortWaysTaken { get; private set; }

        /// <summary>Does a step; returns what came of it: the result, what was sent and told, and the state of all engines.</summary>
        internal string Do(Step step)
        {
            _seen.Clear();
            var session = _sessions[step.Pick % _sessions.Count];
            switch (step.Kind)
            {
                case StepKind.Lock when !session.HasLeft:
                    Lock(session, step);
                    break;
                case StepKind.Unlock when _locks.Count > 0:
                    Unlock(_locks[step.Pick % _locks.Count], step);
                    break;
                case StepKind.Convert when _locks.Count > 0:
                    var converted = _locks[step.Pick % _locks.Count];
                    var call = new ConvertCall
                    {
                        Mode = step.Mode,
                        Flags = step.Flags,
                        NotifyBlocking = step.Extra % 5 != 0,
                        GivesValue = step.Extra % 3 != 0,
                        Value = ValueOf(step),
                    };
                    See(_cluster[converted.Session.Node].Convert(converted.Session, converted.Id, call));
                    break;
                case StepKind.Cancel when _locks.Count > 0:
                    var cancelled = _locks[step.Pick % _locks.Count];
                    See(_cluster[cancelled.Session.Node].Cancel(cancelled.Session, cancelled.Id));
                    break;
                case StepKind.Deliver:
                    _cluster.DeliverOldest();
                    break;
                case StepKind.DeliverAll:
                    _cluster.RunToQuiet();
                    break;
                case StepKind.Pass:
                    _cluster.Advance(TimeSpan.FromSeconds(step.Extra % 12));
                    break;
                case StepKind.Close when !session.HasLeft && step.Extra % 4 == 0:
                    _cluster[session.Node].CloseSession(session);
                    break;
            }

            return Picture();
        }

        private void Lock(Session session, Step step)
        {
            var engine = _cluster[session.Node];
            ResourceName name = Places.Names[step.Extra / 7 % Places.Names.Count];
            var notify = step.Extra % 5 != 0;
            var hash = Placement.HashOf(Places.Space, name.Hash);
            if (_takesShortWays
                && engine.TryLockAtOnce(session, Places.Space, hash, name, step.Mode, step.Flags, notify, _tag) is { } granted)
            {
                ShortWaysTaken++;
                See(RawResult.Accepted);
                // What its caller knows by the result is what an observer would have been told.
                SeeEnd(session.Node, granted, new Completion(OperationKind.Lock, RequestStatus.Granted, step.Mode, StatusFlags.None, false, null));
                _locks.Add((granted.Id, session));
                return;
            }

            var call = new LockCall
            {
                Space = Places.Space, Name = name, Hash = hash, Mode = step.Mode, Flags = step.Flags, NotifyBlocking = notify, Tag = _tag,
            };
            var result = engine.Lock(session, call, out var id);
            See(result);
            if (result == RawResult.Accepted)
                _locks.Add((id, session));
        }

        private void Unlock((LockId Id, Session Session) held, Step step)
        {
            var engine = _cluster[held.Session.Node];
            // Without a value and a flag, as often as with.
            var flags = step.Extra % 2 == 0 ? RawFlags.ForceUnlock : step.Flags;
            var givesValue = step.Extra % 2 != 0 && step.Extra % 3 != 0;
            if (_takesShortWays && flags == RawFlags.ForceUnlock && !givesValue && engine.Find(held.Id) is { } found)
            {
                var told = new CompletedEvent(
                    held.Session.Node, held.Id, found.Tag, new Completion(OperationKind.Unlock, RequestStatus.Unlocked, null, StatusFlags.None, false, null),
                    found.Token, found.Value.ToArray(), found.ValueState, found.ValueVersion);
                if (engine.TryUnlockAtOnce(held.Session, found, held.Id))
                {
                    ShortWaysTaken++;
                    See(RawResult.Accepted);
                    if (!held.Session.HasLeft)
                        See(told);
                    return;
                }
            }

            See(engine.Unlock(held.Session, held.Id, flags, givesValue, ValueOf(step)));
        }

        private static ReadOnlySpan<byte> ValueOf(Step step) => Encoding.UTF8.GetBytes($"v{step.Extra % 1000}");

        private void See(object? result) => _seen.AppendLine($"{result}");

        private void SeeEnd(uint node, Lock ended, Completion completion) => See(new CompletedEvent(
            node, ended.Id, ended.Tag, completion, ended.Token, ended.Value.ToArray(), ended.ValueState, ended.ValueVersion));

        private void See(CompletedEvent told) => _seen.AppendLine($"{told with { Value = [] }} {Convert.ToHexString(told.Value)}");

        private string Picture()
        {
            foreach (var told in _cluster.TakeEvents())
            {
                if (told is CompletedEvent completed)
                    See(completed);
                else
                    See((object)told);
            }

            foreach (var node in _cluster.Nodes)
                StatePicture.Draw(_cluster[node], _seen);
            return _seen.ToString();
        }
    }
}
