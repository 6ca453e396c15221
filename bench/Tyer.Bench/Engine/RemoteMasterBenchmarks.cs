using BenchmarkDotNet.Attributes;
using Tyer.Engine;
using Tyer.Engine.Locks;

namespace Tyer.Bench.Engine;

/// <summary>
/// What a remote lock costs the engines and their messages, both nodes' work added up, with the wire left out: two engines in one thread,
/// messages handed over in memory.
/// </summary>
[MemoryDiagnoser]
public class RemoteMasterBenchmarks
{
    private readonly LastCompletion _completion = new();
    private Engines _engines = null!;
    private Session _session = null!;
    private ResourceName _name;

    [GlobalSetup]
    public void Setup()
    {
        _engines = new Engines(nodes: 2);
        _session = _engines.OpenSession(1, _completion);
        _name = "orders/42";

        // Node 2 uses it first, so it is the master, and stays it: its lock does not exclude the other.
        var completion = new LastCompletion();
        var session = _engines.OpenSession(2, completion);
        _engines.Lock(2, session, _name, LockMode.Null);
        _engines.Deliver();
        completion.Expect(RequestStatus.Granted);
        LockAndUnlock();
    }

    [Benchmark(Description = "lock EX, unlock, mastered by the other node")]
    public void LockAndUnlock()
    {
        var id = _engines.Lock(1, _session, _name, LockMode.Exclusive);
        _completion.Expect(null);
        _engines.Deliver();
        _completion.Expect(RequestStatus.Granted);
        _engines.Unlock(1, _session, id);
        _engines.Deliver();
        _completion.Expect(RequestStatus.Unlocked);
    }
}
