namespace Tyer.Cli.Bench;

/// <summary>Pairs through the classic interface (<see cref="ILockspace.Raw"/>), each call completed within itself.</summary>
internal sealed class ClassicLoop
{
    private static readonly byte[] Name = "bench/classic"u8.ToArray();

    private readonly IRawLockspace _raw;
    private readonly LockStatusBlock _block = new();
    private readonly RawCallbacks _callbacks;
    private int _completed;

    public ClassicLoop(IRawLockspace raw)
    {
        _raw = raw;
        _callbacks = new RawCallbacks(_ => _completed++);
    }

    public void Run(int pairs)
    {
        _completed = 0;
        for (int i = 0; i < pairs; i++)
        {
            Expect(_raw.Lock(Name, LockMode.Exclusive, RawFlags.None, _block, _callbacks), RawStatus.Ok);
            Expect(_raw.Unlock(_block.Id, RawFlags.None, _block, _callbacks), RawStatus.Unlocked);
        }

        Invariant.Check(_completed == 2 * pairs, "each accepted call completes once");
    }

    private void Expect(RawResult result, RawStatus status)
    {
        if (result != RawResult.Accepted || _block.Status != status)
            throw new InvalidOperationException($"A call of the classic interface was answered {result} and ended {_block.Status}.");
    }
}
