using System.CommandLine;
using System.CommandLine.Help;

namespace Tyer.Daemon.Configuration;

/// <summary>The daemon's flags: one for each key of the configuration, and a few that are about the daemon itself.</summary>
internal sealed class DaemonOptions
{
    private readonly List<(SettingKey Key, Option<string?> Option)> _keys = [.. SettingKey.All.Select(key => (key, OptionOf(key)))];

    private readonly Option<string[]> _peers = new("--peer")
    {
        Description = "Another node of the cluster and its address, such as n2=tcp://127.0.0.1:7601; once for each.",
        HelpName = "NAME=ADDRESS",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result =>
        {
            foreach (var token in result.Tokens)
            {
                if (token.Value.IndexOf('=') <= 0) result.AddError($"'{token.Value}' is no peer; one looks like n2=tcp://127.0.0.1:7601.");
            }

            return [.. result.Tokens.Select(token => token.Value)];
        },
    };

    public Option<string?> File { get; } = new("--config")
    {
        Description = $"The configuration file. Default: {SettingsReader.UsualFile}, if it exists.",
        HelpName = "FILE",
    };

    public Option<bool> CheckOnly { get; } = new("--check-config") { Description = "Check the configuration and exit: 0 if it is good, 2 if not." };

    /// <summary>How whoever starts a private daemon hears that it is there.</summary>
    public Option<int?> ReadyDescriptor { get; } = new("--ready-fd") { Hidden = true };

    public Command Build()
    {
        var command = new Command("tyerd", "The lock manager's daemon: a node that serves the programs of this machine.") { File, CheckOnly };
        foreach ((_, Option<string?> option) in _keys) command.Add(option);
        command.Add(_peers);
        command.Add(ReadyDescriptor);
        command.Add(new HelpOption("--help", "-h"));
        command.Add(new VersionOption());
        return command;
    }

    /// <summary>What the command line says, as keys and values.</summary>
    public IEnumerable<KeyValuePair<string, string?>> FlagsOf(ParseResult parsed)
    {
        foreach ((SettingKey key, Option<string?> option) in _keys)
        {
            // A switch that stands alone says yes.
            if (parsed.GetResult(option) is not null) yield return new(key.Name, parsed.GetValue(option) ?? bool.TrueString);
        }

        foreach (string peer in parsed.GetValue(_peers) ?? [])
        {
            int separator = peer.IndexOf('=', StringComparison.Ordinal);
            yield return new($"{SettingKey.Peers}:{peer[..separator]}", peer[(separator + 1)..]);
        }
    }

    private static Option<string?> OptionOf(SettingKey key) => new(key.Flag)
    {
        Description = key.Description,
        HelpName = key.ValueName,
        Arity = key.IsSwitch ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
    };
}
