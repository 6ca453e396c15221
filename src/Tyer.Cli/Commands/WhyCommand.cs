using System.CommandLine;
using Tyer.Cli.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Explaining;
using Tyer.Cli.Output;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Commands;

/// <summary><c>tyer why NAME|LOCKID</c>: why somebody waits, up to the root, and what to do.</summary>
internal sealed class WhyCommand
{
    private readonly Argument<string> _subject = new("subject")
    {
        HelpName = "NAME|LOCKID",
        Description = "The resource, or a lock that waits for it (id:…).",
    };

    public Command Build(CommandRunner runner)
    {
        var command = new Command("why", "Explain why somebody waits: for whom, since when, who is at the root of it, what to do.") { _subject };
        runner.Attach(command, RunAsync);
        return command;
    }

    private async Task<int> RunAsync(Invocation invocation, CancellationToken cancellationToken)
    {
        Subject subject = invocation.SubjectOf(invocation.Get(_subject)!);
        IConnection connection = await invocation.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var search = new ResourceSearch(connection.Administration);
            Found found = await search.FindAsync(subject, invocation.Lockspace, cancellationToken).ConfigureAwait(false);
            var answers = new List<WhyDocument>();
            foreach (LockspaceResource resource in found.Resources)
            {
                answers.Add(await Explanation.MakeAsync(
                    resource, subject.Lock, link => search.WaitsOfAsync(link.Owner, cancellationToken)).ConfigureAwait(false));
            }

            if (invocation.Format == OutputFormat.Json) JsonPrinter.Print(invocation.Out, new WhyAnswer(answers));
            else Print(invocation.Out, answers, subject.Lock);
            if (found.Incomplete is not null) invocation.Say(found.Incomplete);
            return found.Incomplete is null ? ExitCodes.Ok : ExitCodes.Unavailable;
        }
    }

    private static void Print(TextWriter writer, List<WhyDocument> answers, LockId? about)
    {
        for (int i = 0; i < answers.Count; i++)
        {
            if (i > 0) writer.WriteLine();
            Explanation.Print(writer, answers[i], about);
        }
    }
}
