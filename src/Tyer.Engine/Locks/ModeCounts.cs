using System.Runtime.CompilerServices;

namespace Tyer.Engine.Locks;

/// <summary>How many locks have (or want) each of the six modes.</summary>
[InlineArray(Modes)]
internal struct ModeCounts
{
    internal const int Modes = 6;

    private int _first;

    internal void Add(LockMode? mode)
    {
        if (mode is { } some)
            this[(int)some]++;
    }

    internal void Remove(LockMode? mode)
    {
        if (mode is { } some)
            this[(int)some]--;
    }

    /// <summary>Whether any of the counted, less one of mode <paramref name="own"/>, excludes <paramref name="wanted"/>.</summary>
    internal readonly bool Exclude(LockMode wanted, LockMode? own)
    {
        for (var mode = 0; mode < Modes; mode++)
        {
            var others = this[mode] - (own == (LockMode)mode ? 1 : 0);
            if (others > 0 && !LockModes.IsCompatible((LockMode)mode, wanted))
                return true;
        }

        return false;
    }

    /// <summary>The mode with the highest number, as fs/dlm takes "highest", or null if there is none.</summary>
    internal readonly LockMode? Highest
    {
        get
        {
            for (var mode = Modes - 1; mode >= 0; mode--)
            {
                if (this[mode] > 0)
                    return (LockMode)mode;
            }

            return null;
        }
    }

    internal readonly bool Has(LockMode mode) => this[(int)mode] > 0;
}
