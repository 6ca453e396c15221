using System.Globalization;

namespace Tyer;

/// <summary>Who has, or wants, a lock: enough to find the process.</summary>
/// <param name="Node">The node that its session is with.</param>
/// <param name="Host">The machine it runs on.</param>
/// <param name="ProcessId">Its process id on that machine.</param>
/// <param name="ProcessName">Its process's name.</param>
/// <param name="User">The user it runs as.</param>
/// <param name="Label">What the application calls itself (<see cref="LockOptions.Owner"/>); null when it does not say.</param>
/// <param name="Verified">
/// Whether the operating system vouches for process and user (a Unix socket, or the node's own process). If not, they are what the
/// client said of itself.
/// </param>
public sealed record LockOwner(string Node, string Host, int ProcessId, string ProcessName, string User, string? Label, bool Verified)
{
    /// <summary>One line for messages: <c>billing 'nightly' (pid 4711 on db1, user app, node n1)</c>.</summary>
    public override string ToString()
    {
        string label = Label is null ? "" : $" '{Printable.Escape(Label)}'";
        string doubt = Verified ? "" : ", unverified";
        // Host and process may be called anything; the line may end on somebody's terminal.
        string process = Printable.Escape(ProcessName), host = Printable.Escape(Host), user = Printable.Escape(User), node = Printable.Escape(Node);
        return string.Create(CultureInfo.InvariantCulture, $"{process}{label} (pid {ProcessId} on {host}, user {user}, node {node}{doubt})");
    }
}
