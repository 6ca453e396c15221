using BenchmarkDotNet.Attributes;
using Tyer.Engine;
using Tyer.Engine.Locks;

namespace Tyer.Bench.Engine;

/// <summary>What the engine itself costs where owner and master are one node: no socket, no thread, no task.</summary>
[MemoryDiagnoser]
public class LocalMasterBenchmarks
{
    private const int ResourcesMax = 100_000;
    private const int ReadersMax = 1_000;

    private readonly LastCompletion _completion = new();
    private readonly LastCompletion _otherCompletion = new();
    private Engines _engines = null!;
    private Session _session = null!;
    private Session _other = null!;
    private ResourceName[] _names = null!;
    private ResourceName _contended;
    private ResourceName _shared;
    private LockId _converted;
    private LockId _held;
    private LockId _waiting;
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        _engines = new Engines(nodes: 1);
        _session = _engines.OpenSession(1, _completion);
        _other = _engines.OpenSession(1, _otherCompletion);
        _names = [.. Enumerable.Range(0, ResourcesMax).Select(number => (ResourceName)$"orders/{number}")];
        _contended = "contended";
        _shared = "shared";
        foreach (var name in _names)
            LockAndUnlock(name);

        _converted = _engines.Lock(1, _session, "converted", LockMode.Null);
        _completion.Expect(RequestStatus.Granted);
        for (var reader = 0; reader < ReadersMax; reader++)
            _engines.Lock(1, _other, _shared, LockMode.ProtectedRead);
        _otherCompletion.Expect(RequestStatus.Granted);
        _held = _engines.Lock(1, _session, _contended, LockMode.Exclusive);
        _completion.Expect(RequestStatus.Granted);
        _waiting = _engines.Lock(1, _other, _contended, LockMode.Exclusive);
        _otherCompletion.Expect(null);
    }

    /// <param name="resources">How many are used in turn: one stays in the processor's cache, many do not.</param>
    [Benchmark(Description = "lock EX, unlock")]
    [Arguments(1)]
    [Arguments(ResourcesMax)]
    public void Uncontended(int resources)
    {
        _next = _next + 1 < resources ? _next + 1 : 0;
        LockAndUnlock(_names[_next]);
    }

    [Benchmark(Description = "convert NL to EX and back")]
    public void ConvertPair()
    {
        _engines.Convert(1, _session, _converted, LockMode.Exclusive);
        _completion.Expect(RequestStatus.Granted);
        _engines.Convert(1, _session, _converted, LockMode.Null);
        _completion.Expect(RequestStatus.Granted);
    }

    /// <summary>One of many readers comes and goes: what it costs must not grow with how many there are.</summary>
    [Benchmark(Description = "lock PR beside 1,000 readers, unlock")]
    public void SharedPair()
    {
        var id = _engines.Lock(1, _session, _shared, LockMode.ProtectedRead);
        _completion.Expect(RequestStatus.Granted);
        _engines.Unlock(1, _session, id);
        _completion.Expect(RequestStatus.Unlocked);
    }

    /// <summary>The holder unlocks, which grants to the one that waits; then it queues again. Two of that, so that all is as before.</summary>
    [Benchmark(Description = "hand a lock to the next in the queue", OperationsPerInvoke = 2)]
    public void HandOff()
    {
        _engines.Unlock(1, _session, _held);
        _completion.Expect(RequestStatus.Unlocked);
        _otherCompletion.Expect(RequestStatus.Granted);
        _held = _engines.Lock(1, _session, _contended, LockMode.Exclusive);
        _completion.Expect(null);

        _engines.Unlock(1, _other, _waiting);
        _otherCompletion.Expect(RequestStatus.Unlocked);
        _completion.Expect(RequestStatus.Granted);
        _waiting = _engines.Lock(1, _other, _contended, LockMode.Exclusive);
        _otherCompletion.Expect(null);
    }

    private void LockAndUnlock(ResourceName name)
    {
        var id = _engines.Lock(1, _session, name, LockMode.Exclusive);
        _completion.Expect(RequestStatus.Granted);
        _engines.Unlock(1, _session, id);
        _completion.Expect(RequestStatus.Unlocked);
    }
}
