using System.CommandLine;
using System.Globalization;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer sessions</c>: a row per program that is connected.</summary>
internal static class SessionsCommand
{
    private static readonly Column[] Columns =
    [
        new("NODE"), new("NUMBER", IsNumber: true), new("PROCESS"), new("PID", IsNumber: true), new("HOST"), new("USER"), new("BY"),
        new("OPEN", IsNumber: true), new("HOLDS", IsNumber: true), new("WAITS", IsNumber: true), new("HEARD", IsNumber: true), new("LOCKSPACES"),
    ];

    public static Command Build(CommandRunner runner)
    {
        var command = new Command("sessions", "List the programs that are connected, with what they hold.");
        runner.Attach(command, RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var sessions = new List<SessionInfo>();
            string? incomplete = null;
            try
            {
                await foreach (SessionInfo each in connection.Administration.SessionsAsync(cancellationToken).ConfigureAwait(false)) sessions.Add(each);
            }
            catch (LockUnavailableException exception) when (exception.Reason == UnavailableReason.Incomplete)
            {
                incomplete = exception.Message;
            }

            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, new SessionsDocument(sessions, incomplete));
            else LockTables.Printer(invocation).Print(Columns, [.. sessions.Select(RowOf)]);
            if (incomplete is null) return ExitCodes.Ok;
            invocation.Say(incomplete);
            return ExitCodes.Unavailable;
        }
    }

    private static string?[] RowOf(SessionInfo session) =>
    [
        Printable.Escape(session.Node),
        session.Number.ToString(CultureInfo.InvariantCulture),
        LockTables.Who(session.Owner),
        LockTables.Count(session.Owner.ProcessId) + (session.Owner.Verified ? "" : "?"),
        Printable.Escape(session.Owner.Host),
        Printable.Escape(session.Owner.User),
        session.Transport,
        LockTables.Age(session.OpenFor),
        LockTables.Count(session.LocksHeld),
        LockTables.Count(session.LocksWaiting),
        LockTables.Age(session.KeepAliveAge),
        session.Lockspaces.Count == 0 ? null : string.Join(' ', session.Lockspaces),
    ];
}
