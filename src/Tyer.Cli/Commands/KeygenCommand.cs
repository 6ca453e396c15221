using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Output;
using Tyer.Comms.Security;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer keygen FILE</c>: makes the file of keys by which nodes know each other, and changes its keys.</summary>
internal sealed class KeygenCommand
{
    private readonly Argument<string> _file = new("file") { HelpName = "FILE", Description = "The key file; copied to every node, for its daemon's user only (mode 0600)." };

    private readonly Option<bool> _add = new("--add") { Description = "Add a new key to the file, which is accepted and not yet offered. The first step of a change of keys, on one node; then copy the file." };

    private readonly Option<string?> _activate = new("--activate") { HelpName = "ID", Description = "Make a key the active one. The second step, when every node has read the file with the new key." };

    private readonly Option<string?> _retire = new("--retire") { HelpName = "ID", Description = "Remove a key. The last step, when the other one is active on every node." };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("keygen", "Make the key file by which the nodes of a cluster know each other, or change its keys.") { _file, _add, _activate, _retire };
        command.Validators.Add(result =>
        {
            Option[] given = [.. new Option[] { _add, _activate, _retire }.Where(option => result.GetResult(option) is not null)];
            if (given.Length > 1) result.AddError($"'{given[0].Name}' and '{given[1].Name}' are two steps: take one at a time.");
        });
        runner.Attach(command, (invocation, _) => Task.FromResult(Run(invocation)));
        return command;
    }

    private int Run(Invocation invocation)
    {
        string file = Path.GetFullPath(invocation.Get(_file)!);
        string? activated = invocation.Get(_activate);
        string? retired = invocation.Get(_retire);
        bool adds = invocation.Get(_add);
        KeyFileContents contents = adds ? KeyFile.Add(file)
            : activated is not null ? KeyFile.Activate(file, activated)
            : retired is not null ? KeyFile.Retire(file, retired)
            : KeyFile.Create(file);
        if (invocation.Format == OutputFormat.Json)
        {
            JsonPrinter.Print(invocation.Out, new KeyFileDocument(file, contents.Active, contents.Accepted));
            return ExitCodes.Ok;
        }

        string accepted = contents.Accepted.Count == 0 ? "" : $"; accepted too: {string.Join(", ", contents.Accepted)}";
        string next = adds ? $"Copy the file to every node and send HUP to the daemons; then: tyer keygen {file} --activate {contents.Accepted[^1]}"
            : activated is not null ? "Copy the file to every node and send HUP to the daemons; then --retire the keys that are not used any more."
            : retired is not null ? "Copy the file to every node and send HUP to the daemons."
            : "Copy the file to every node, as it is and for the daemon's user only, and name it in the configuration as KeyFile.";
        invocation.Out.WriteLine($"{file}: key {contents.Active} is active{accepted}.");
        invocation.Out.WriteLine(next);
        return ExitCodes.Ok;
    }
}
