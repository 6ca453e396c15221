namespace Tyer.Comms;

/// <summary>Starts the threads of this floor.</summary>
internal static class CommsThread
{
    /// <summary>
    /// Starts a thread that does not keep the process alive. False when the system has none to give, which the runtime also says when it
    /// has no descriptor left: a moment in which a node has to refuse, not to die.
    /// </summary>
    public static bool TryStart(string name, Action body)
    {
        try
        {
            new Thread(() => body()) { IsBackground = true, Name = name }.Start();
            return true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }
}
