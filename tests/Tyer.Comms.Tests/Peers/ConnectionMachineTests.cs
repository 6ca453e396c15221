using Tyer.Comms.Peers;
using Tyer.Comms.Tests.Support;

namespace Tyer.Comms.Tests.Peers;

public class ConnectionMachineTests
{
    private static ConnectionState[] States => Enum.GetValues<ConnectionState>();

    private static ConnectionTrigger[] Triggers => Enum.GetValues<ConnectionTrigger>();

    [Fact]
    public void Each_state_answers_each_trigger_as_it_is_written_down() => Assert.Equal(
        Table.Lines("ConnectionMachine.txt"),
        States.SelectMany(state => Triggers.Select(trigger => $"{state} {trigger}: {Describe(ConnectionMachine.Next(state, trigger))}")));

    [Fact]
    public void Only_an_operator_and_the_end_lead_out_of_stand_alone()
    {
        foreach (ConnectionTrigger trigger in Triggers.Where(trigger => trigger is not (ConnectionTrigger.Connect or ConnectionTrigger.Disconnect or ConnectionTrigger.Abort)))
            Assert.Equal(ConnectionState.StandAlone, ConnectionMachine.Next(ConnectionState.StandAlone, trigger)?.State ?? ConnectionState.StandAlone);
    }

    [Fact]
    public void The_first_reason_stays_until_all_is_cleaned_up_or_somebody_decides_otherwise()
    {
        foreach (ConnectionState reason in States.Where(ConnectionMachine.IsReason))
        {
            foreach (ConnectionTrigger trigger in Triggers)
            {
                ConnectionState? next = ConnectionMachine.Next(reason, trigger)?.State;
                if (next is { } state && state != reason)
                    Assert.Contains(state, new[] { ConnectionState.StandAlone, ConnectionState.Unconnected, ConnectionState.Disconnecting, ConnectionState.Fenced });
            }

            Assert.Equal(ConnectionState.Unconnected, ConnectionMachine.Next(reason, ConnectionTrigger.Cleaned)!.Value.State);
        }
    }

    [Fact]
    public void Connected_is_reached_only_from_connecting()
    {
        foreach (ConnectionState state in States.Where(state => state is not (ConnectionState.Connecting or ConnectionState.Connected)))
        {
            foreach (ConnectionTrigger trigger in Triggers) Assert.NotEqual(ConnectionState.Connected, ConnectionMachine.Next(state, trigger)?.State);
        }
    }

    [Fact]
    public void Every_state_but_stand_alone_can_be_fenced_and_stopped()
    {
        foreach (ConnectionState state in States.Where(state => state is not (ConnectionState.StandAlone or ConnectionState.Disconnecting)))
        {
            Assert.Equal(ConnectionState.Fenced, ConnectionMachine.Next(state, ConnectionTrigger.Fence)!.Value.State);
            Assert.Equal(ConnectionState.Disconnecting, ConnectionMachine.Next(state, ConnectionTrigger.Disconnect)!.Value.State);
            Assert.Equal(ConnectionState.Disconnecting, ConnectionMachine.Next(state, ConnectionTrigger.Abort)!.Value.State);
        }
    }

    private static string Describe((ConnectionState State, ConnectionEffects Effects)? next) => next is not { } some ? "cannot come"
        : some.Effects == ConnectionEffects.None ? $"{some.State}"
        : $"{some.State}, {some.Effects}";
}
