namespace Tyer.System.Tests.Faults;

/// <summary>A number that whoever has the lock may change: what the locks of a test protect. It refuses tokens below one that it has seen.</summary>
internal sealed class TokenRegister
{
    private readonly Lock _gate = new();
    private FencingToken _highest;
    private long _value;
    private long _writes;

    /// <summary>How often a holder's write came too late, and was refused: the token's work.</summary>
    internal long Refused { get; private set; }

    internal long Value
    {
        get
        {
            lock (_gate)
                return _value;
        }
    }

    /// <summary>Writes that were taken.</summary>
    internal long Writes
    {
        get
        {
            lock (_gate)
                return _writes;
        }
    }

    internal long? Read(FencingToken token)
    {
        lock (_gate)
            return Admit(token) ? _value : null;
    }

    internal bool Write(FencingToken token, long value)
    {
        lock (_gate)
        {
            if (!Admit(token))
                return false;
            _value = value;
            _writes++;
            return true;
        }
    }

    private bool Admit(FencingToken token)
    {
        if (token.CompareTo(_highest) < 0)
        {
            Refused++;
            return false;
        }

        _highest = token;
        return true;
    }
}
