namespace Tyer.Engine.Locks;

/// <summary>
/// A mode or none, in one byte. A nullable takes two, which are written one by one and copied as one word: a processor waits for that until
/// both have reached memory.
/// </summary>
internal readonly struct ModeOrNone
{
    private readonly byte _modePlusOne;

    private ModeOrNone(LockMode? mode) => _modePlusOne = mode is { } some ? (byte)(some + 1) : (byte)0;

    public static implicit operator ModeOrNone(LockMode? mode) => new(mode);

    public static implicit operator LockMode?(ModeOrNone mode) => mode._modePlusOne == 0 ? null : (LockMode)(mode._modePlusOne - 1);
}
