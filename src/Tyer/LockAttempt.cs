namespace Tyer;

/// <summary>What was tried: the subject of an outcome.</summary>
/// <param name="Lockspace">The lockspace.</param>
/// <param name="Resource">The resource in it.</param>
/// <param name="Mode">The mode asked for.</param>
/// <param name="Held">The mode held while converting; null for a new lock.</param>
public sealed record LockAttempt(string Lockspace, ResourceName Resource, LockMode Mode, LockMode? Held = null)
{
    /// <summary>For the middle of a sentence: <c>EX on 'orders/42' in lockspace 'shop'</c>.</summary>
    public override string ToString()
    {
        string what = Held is { } held ? $"the conversion {held.ToShortName()} to {Mode.ToShortName()}" : Mode.ToShortName();
        return $"{what} on '{Resource}' in lockspace '{Lockspace}'";
    }
}
