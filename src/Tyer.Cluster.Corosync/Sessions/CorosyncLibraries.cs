using System.Runtime.InteropServices;
using Tyer.Cluster.Corosync.Interop;

namespace Tyer.Cluster.Corosync.Sessions;

/// <summary>What to tell operators of the libraries' answers.</summary>
internal static class CorosyncLibraries
{
    private static readonly string[] Names = ["libcpg.so.4", "libquorum.so.5", "libcmap.so.4"];

    /// <exception cref="IOException">One is not installed; the message says which package has it.</exception>
    public static void Require()
    {
        foreach (string name in Names)
        {
            if (!NativeLibrary.TryLoad(name, typeof(CorosyncLibraries).Assembly, searchPath: null, out _))
            {
                throw new IOException(
                    $"The stack 'corosync' needs the library {name}, which is not installed: install the package 'corosync' (Debian, Ubuntu, "
                    + "Fedora and their like), on every node.");
            }
        }
    }

    /// <summary>Why a call has failed, as a clause.</summary>
    public static string Describe(string call, CsError error) => error switch
    {
        CsError.Library => $"corosync does not run on this machine, or has just stopped ({call}); start it with 'systemctl start corosync'",
        CsError.TryAgain => $"corosync is busy ({call})",
        CsError.Access =>
            $"corosync does not let this user in ({call}): write 'uidgid {{ uid: {Environment.UserName} }}' into a file under "
            + "/etc/corosync/uidgid.d/ and reload it with 'corosync-cfgtool -R'",
        _ => $"corosync refuses ({call}: {(int)error})",
    };
}

/// <summary>A call has failed.</summary>
internal sealed class CorosyncException(string call, CsError error) : IOException(CorosyncLibraries.Describe(call, error))
{
    public static void Check(string call, CsError error)
    {
        if (error != CsError.Ok) throw new CorosyncException(call, error);
    }
}
