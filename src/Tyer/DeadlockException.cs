using System.Globalization;
using System.Text;

namespace Tyer;

/// <summary>
/// <c>TYER-DEADLOCK</c>: several waited for each other, and this request was chosen to give way (rule L4). A conversion left the lock
/// in its old mode. Release what you hold and begin again.
/// </summary>
public sealed class DeadlockException : TyerException
{
    /// <summary>The value of <see cref="TyerException.Code"/>.</summary>
    public const string ErrorCode = "TYER-DEADLOCK";

    /// <summary>Makes the exception.</summary>
    /// <param name="attempt">What was tried.</param>
    /// <param name="cycle">The locks that waited: each for the owner of the next, the last for the owner of the first. The first is the
    /// victim's.</param>
    public DeadlockException(LockAttempt attempt, IReadOnlyList<LockEntry> cycle)
        : base(ErrorCode, Describe(attempt, cycle))
    {
        Attempt = attempt;
        Cycle = cycle;
    }

    /// <summary>What was tried.</summary>
    public LockAttempt Attempt { get; }

    /// <summary>
    /// The locks that waited: each for the owner of the next, the last for the owner of the first, which is this request.
    /// </summary>
    public IReadOnlyList<LockEntry> Cycle { get; }

    private static string Describe(LockAttempt attempt, IReadOnlyList<LockEntry> cycle)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{attempt} was given up, because {cycle.Count} waited for each other.");
        for (int i = 0; i < cycle.Count; i++)
        {
            int next = (i + 1) % cycle.Count;
            text.Append(CultureInfo.InvariantCulture, $" {i + 1}. On '{cycle[i].Resource}': {cycle[i]}; waits for {next + 1}.");
        }

        return text.Append(" Release what you hold and begin again; take locks in one order everywhere to avoid this.").ToString();
    }
}
