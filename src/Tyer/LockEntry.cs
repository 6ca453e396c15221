using System.Text;

namespace Tyer;

/// <summary>One lock, held or waited for, as an operator sees it.</summary>
/// <remarks>
/// Times are spans up to the moment of the answer, taken on the clock of the resource's master: the clocks of two machines cannot be
/// compared.
/// </remarks>
public sealed record LockEntry
{
    /// <summary>The resource it is on.</summary>
    public required ResourceName Resource { get; init; }

    /// <summary>Its id.</summary>
    public required LockId Id { get; init; }

    /// <summary>Whose it is, with the node.</summary>
    public required LockOwner Owner { get; init; }

    /// <summary>The mode it is granted in; null while a new request waits.</summary>
    public LockMode? Granted { get; init; }

    /// <summary>The mode it waits for; null when it waits for none.</summary>
    public LockMode? Requested { get; init; }

    /// <summary>How long it has been granted in this mode; null when it is not.</summary>
    public TimeSpan? HeldFor { get; init; }

    /// <summary>How long it has waited; null when it does not.</summary>
    public TimeSpan? WaitedFor { get; init; }

    /// <summary>The token of its last grant; the default value when it never was granted.</summary>
    public FencingToken Token { get; init; }

    /// <summary>What it is for, as the application said (<see cref="LockOptions.Purpose"/>).</summary>
    public string? Purpose { get; init; }

    /// <summary>Whether its owner died and left it (<see cref="LockOptions.Persistent"/>).</summary>
    public bool IsOrphan { get; init; }

    /// <summary>For an orphan, how long its owner has been gone, as far as its master knows: counted afresh where a master departed. Null for others.</summary>
    public TimeSpan? LeftFor { get; init; }

    /// <summary>One line: <c>EX held for 12.3 s by web (pid 4711 on db1, …), id:4000000000002a, token 7.1042</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (Granted is { } granted) text.Append(granted.ToShortName()).Append(" held").Append(For(HeldFor));
        if (Granted is not null && Requested is not null) text.Append(", ");
        if (Requested is { } requested) text.Append(requested.ToShortName()).Append(" wanted").Append(For(WaitedFor));
        text.Append(IsOrphan ? " by nobody any more, left by " : " by ").Append(Owner);
        if (Purpose is not null) text.Append(" for '").Append(Printable.Escape(Purpose)).Append('\'');
        text.Append(", ").Append(Id);
        if (Token != default) text.Append(", token ").Append(Token);
        return text.ToString();
    }

    private static string For(TimeSpan? time) => time is { } span ? $" for {Duration.Format(span)}" : "";
}
