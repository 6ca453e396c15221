namespace Tyer.Engine.Locks;

/// <summary>What a change of mode does with the value.</summary>
internal enum ValueAction : byte
{
    /// <summary>Nothing; whether it is valid is told.</summary>
    Tell,

    /// <summary>The lock gets the resource's value.</summary>
    Read,

    /// <summary>The resource gets the value that the lock gave, or is marked invalid (IVVALBLK).</summary>
    Write,
}

/// <summary>The table of value transfer, and its effect on a resource and a lock.</summary>
internal static class ValueRules
{
    private const ValueAction T = ValueAction.Tell;
    private const ValueAction R = ValueAction.Read;
    private const ValueAction W = ValueAction.Write;

    // Row: mode before. Column: mode granted.
    private static readonly ValueAction[][] Table =
    [
        //       NL CR CW PR PW EX
        /* NL */ [R, R, R, R, R, R],
        /* CR */ [T, R, R, R, R, R],
        /* CW */ [T, T, R, R, R, R],
        /* PR */ [T, T, T, R, R, R],
        /* PW */ [W, W, W, W, W, R],
        /* EX */ [W, W, W, W, W, W],
    ];

    /// <summary>The action for a change of mode; <paramref name="from"/> null is a new lock, which reads.</summary>
    internal static ValueAction Of(LockMode? from, LockMode to) => from is { } before ? Table[(int)before][(int)to] : ValueAction.Read;

    /// <summary>Carries out the action at the master when a mode is granted.</summary>
    /// <returns>True if the lock's <see cref="Lock.Copy"/> now is the resource's value, as read or as just written.</returns>
    internal static bool OnGrant(Resource resource, Lock granted, LockMode? from, LockMode to)
    {
        switch (Of(from, to))
        {
            case ValueAction.Read:
                return granted.Has(RawFlags.ValBlk) && Read(resource, granted);
            case ValueAction.Write:
                return Write(resource, granted);
            default:
                TellValidity(resource, granted);
                return false;
        }
    }

    /// <summary>Carries out what a release does: only a lock that held PW or EX writes or invalidates.</summary>
    internal static void OnRelease(Resource resource, Lock released)
    {
        if (released.Granted is LockMode.ProtectedWrite or LockMode.Exclusive)
            Write(resource, released);
    }

    private static bool Read(Resource resource, Lock reader)
    {
        TellValidity(resource, reader);
        if (resource.Value is not { IsEmpty: false } value)
            return false;
        (reader.Copy ??= new ValueBuffer()).Set(value.Bytes, value.State, value.Version);
        return true;
    }

    private static bool Write(Resource resource, Lock writer)
    {
        if (writer.Has(RawFlags.IvValBlk))
        {
            (resource.Value ??= new ValueBuffer()).Invalidate();
            return false;
        }

        if (!writer.Has(RawFlags.ValBlk) || writer.Given is not { IsEmpty: false } given)
            return false;
        var value = resource.Value ??= new ValueBuffer();
        value.Set(given.Bytes, LockValueState.Valid, value.Version + 1);
        (writer.Copy ??= new ValueBuffer()).Set(value.Bytes, value.State, value.Version);
        given.Clear();
        return true;
    }

    private static void TellValidity(Resource resource, Lock told)
    {
        if (resource.Value is { State: LockValueState.Invalid })
            told.StatusFlags |= StatusFlags.ValueNotValid;
    }
}
