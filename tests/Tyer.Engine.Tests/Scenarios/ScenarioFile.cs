using System.Text;

namespace Tyer.Engine.Tests.Scenarios;

/// <summary>
/// A scenario as text: blocks between blank lines, each of comment lines, command lines, a line of four dashes, and what is to come out.
/// A block without the dashes is comment only.
/// </summary>
internal sealed record ScenarioFile(IReadOnlyList<ScenarioBlock> Blocks)
{
    private const string Dashes = "----";

    internal static ScenarioFile Parse(string text)
    {
        var blocks = new List<ScenarioBlock>();
        foreach (var block in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = block.Trim('\n').Split('\n');
            var comments = lines.TakeWhile(line => line.StartsWith('#')).ToArray();
            var commands = lines.Skip(comments.Length).TakeWhile(line => line != Dashes).ToArray();
            var output = lines.Skip(comments.Length + commands.Length + 1).ToArray();
            if (commands.FirstOrDefault(line => line.StartsWith('#')) is { } misplaced)
                throw new FormatException($"A comment stands before the commands of its block: {misplaced}");
            if (commands.Length > 0 && comments.Length + commands.Length == lines.Length)
                throw new FormatException($"A command is followed by a line of four dashes: {commands[^1]}");
            blocks.Add(new ScenarioBlock(comments, commands, output));
        }

        return new ScenarioFile(blocks);
    }

    /// <summary>The same story with the output that it has now.</summary>
    internal ScenarioFile Play()
    {
        var story = new Story();
        return new ScenarioFile([.. Blocks.Select(block => block with { Output = [.. block.Commands.SelectMany(story.Tell)] })]);
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var block in Blocks)
        {
            if (text.Length > 0)
                text.Append('\n');
            foreach (var line in block.Comments.Concat(block.Commands))
                text.Append(line).Append('\n');
            if (block.Commands.Count == 0)
                continue;
            text.Append(Dashes).Append('\n');
            foreach (var line in block.Output)
                text.Append(line).Append('\n');
        }

        return text.ToString();
    }
}

/// <summary>One block of a scenario.</summary>
internal sealed record ScenarioBlock(IReadOnlyList<string> Comments, IReadOnlyList<string> Commands, IReadOnlyList<string> Output);
