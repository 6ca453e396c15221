using System.CommandLine;
using Tyer.Cli.CommandLine;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer complete POSITION LINE</c>: what may stand at a place of a command line. For the completion scripts.</summary>
internal static class CompleteCommand
{
    public static Command Build(CommandRunner runner, Func<Command> root)
    {
        var position = new Argument<int>("position") { HelpName = "POSITION", Description = "Where the cursor is in the line." };
        var line = new Argument<string>("line") { HelpName = "LINE", Description = "The line so far." };
        var command = new Command("complete", "Print what may stand at a place of a command line.") { position, line };
        command.Hidden = true;
        runner.Attach(command, (invocation, _) =>
        {
            string text = invocation.Get(line)!;
            int end = Math.Clamp(invocation.Get(position), 0, text.Length);
            ParseResult parsed = root().Parse(text[..end], TyerCommand.Parsing);
            foreach (var item in parsed.GetCompletions(end)) invocation.Out.WriteLine(item.Label);
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }
}
