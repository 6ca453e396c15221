namespace Tyer.Comms.Clients;

/// <summary>Decides who hears a new client.</summary>
public interface IClientAcceptor
{
    /// <summary>
    /// A client has connected. It must be admitted with <see cref="ClientLink.Admit"/> within <see cref="CommsLimits.HelloBudget"/>, after
    /// it has said who it is, or it is refused. Called by the accept loop: it must not block.
    /// </summary>
    /// <param name="client">The client's link; nothing is delivered before this returns, sending is possible at once.</param>
    /// <returns>Who hears it.</returns>
    ILinkReceiver OnAccepted(ClientLink client);
}
