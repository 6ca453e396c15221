using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Explaining;

/// <summary>What a query found, page after page, and who did not answer.</summary>
/// <param name="Resources">By lockspace and name.</param>
/// <param name="Cause">Why the answer is not the whole; null: it is.</param>
internal sealed record Found(IReadOnlyList<LockspaceResource> Resources, LockUnavailableException? Cause)
{
    /// <summary>Why the answer is not the whole, as a message of its own; null: it is.</summary>
    public string? Incomplete => Cause?.Message;
}

/// <summary>Asks for resources.</summary>
internal sealed class ResourceSearch(ITyerAdministration administration)
{
    /// <summary>Everything that the query asks for; an answer that lacks a member says so instead of failing.</summary>
    /// <param name="lockspace">The lockspace; null: all.</param>
    /// <param name="query">Which resources.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async Task<Found> RunAsync(string? lockspace, ResourceQuery query, CancellationToken cancellationToken)
    {
        var resources = new List<LockspaceResource>();
        try
        {
            await foreach (LockspaceResource each in administration.QueryAsync(lockspace, query, cancellationToken).ConfigureAwait(false))
                resources.Add(each);
            return new Found(resources, null);
        }
        catch (LockUnavailableException exception) when (exception.Reason == UnavailableReason.Incomplete)
        {
            return new Found(resources, exception);
        }
    }

    /// <summary>The resource of a name, or of a lock, in every lockspace where it is in use.</summary>
    /// <exception cref="CommandFailure">Nobody holds it or waits for it.</exception>
    public async Task<Found> FindAsync(Subject subject, string? lockspace, CancellationToken cancellationToken)
    {
        Found found = await RunAsync(lockspace, subject.Query, cancellationToken).ConfigureAwait(false);
        if (found.Resources.Count > 0) return found;
        if (found.Incomplete is not null) throw new CommandFailure(ExitCodes.Unavailable, $"{subject} was not found, but not everybody was asked. {found.Incomplete}");

        string where = lockspace is null ? "in any lockspace" : $"in lockspace '{lockspace}'";
        throw new CommandFailure(ExitCodes.NotFound, subject.Lock is null
            ? $"nobody holds {subject} or waits for it {where}."
            : $"there is no lock {subject} {where}; it may have been released. '{TyerCommand.Name} ls' lists those there are.");
    }

    /// <summary>The resources, in all lockspaces, on which a process waits.</summary>
    public async Task<IReadOnlyList<LockspaceResource>> WaitsOfAsync(LockOwner owner, CancellationToken cancellationToken)
    {
        var query = new ResourceQuery { ContendedOnly = true, Owner = owner.ProcessId.ToString(CultureInfo.InvariantCulture) };
        Found found = await RunAsync(null, query, cancellationToken).ConfigureAwait(false);
        return found.Resources;
    }
}
