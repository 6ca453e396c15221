using System.CommandLine;
using System.CommandLine.Parsing;
using Tyer.Daemon.Text;

namespace Tyer.Daemon.CommandLine;

/// <summary>What is wrong with a command line, said so that the reader can put it right.</summary>
internal static class ParseFaults
{
    /// <summary>The first fault; null when there is none.</summary>
    public static string? Describe(ParseResult parsed, string program)
    {
        Command command = parsed.CommandResult.Command;
        string path = PathOf(parsed.CommandResult, program);
        string help = $" See '{path} --help'.";
        if (MistakenForWord(parsed, command) is { } mistaken) return DescribeUnknown(parsed, command, mistaken) + help;
        if (parsed.Errors.Count == 0) return null;
        if (parsed.UnmatchedTokens is [var unknown, ..]) return DescribeUnknown(parsed, command, unknown) + help;
        if (parsed.Errors.FirstOrDefault(error => IsOfValue(error)) is { } bad) return DescribeValue(bad) + help;

        Argument? missing = command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > TokensOf(parsed, argument));
        if (missing is not null) return $"{missing.HelpName} is missing: {LowerFirst(missing.Description)}{help}";
        if (command.Options.FirstOrDefault(option => option.Required && parsed.GetResult(option) is null) is { } required)
            return $"{required.Name} is missing: {LowerFirst(required.Description)}{help}";
        if (command.Subcommands.Count > 0) return $"a command is missing, one of: {string.Join(", ", VisibleNames(command))}.{help}";
        return parsed.Errors[0].Message + help;
    }

    /// <summary>The command with those above it: <c>tyer state adopt</c>.</summary>
    public static string PathOf(CommandResult result, string program)
    {
        var names = new List<string>();
        for (CommandResult? each = result; each is not null; each = each.Parent as CommandResult)
            names.Insert(0, each.Parent is null ? program : each.Command.Name);
        return string.Join(' ', names);
    }

    /// <summary>
    /// An option that does not exist and was therefore taken for a name or for the command to run. What really begins with a dash stands
    /// after '--'; the arguments of the command to run are its own affair.
    /// </summary>
    private static string? MistakenForWord(ParseResult parsed, Command command)
    {
        List<Token> beforeSeparator = [.. parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)];
        return command.Arguments
            .Select(argument => parsed.GetResult(argument)?.Tokens is [var first, ..] ? first : null)
            .FirstOrDefault(first => first?.Value is ['-', _, ..] && beforeSeparator.Exists(token => ReferenceEquals(token, first)))
            ?.Value;
    }

    private static int TokensOf(ParseResult parsed, Argument argument) => parsed.GetResult(argument)?.Tokens.Count ?? 0;

    private static string DescribeUnknown(ParseResult parsed, Command command, string unknown)
    {
        if (unknown.StartsWith('-') && unknown.Length > 1)
        {
            IEnumerable<string> known = OptionsOf(parsed).SelectMany(option => option.Aliases.Append(option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal));
            string hint = Suggestion.Sentence(unknown.Split('=')[0], known);
            // The options of a command to run look like ours unless they are set apart.
            if (hint.Length == 0 && command.Arguments.Any(argument => argument.Arity.MaximumNumberOfValues > 1))
                hint = " If it belongs to the command to run, put '--' before that command.";
            return $"there is no option '{unknown}'.{hint}";
        }

        if (command.Subcommands.Count > 0) return $"there is no command '{unknown}'.{Suggestion.Sentence(unknown, VisibleNames(command))}";
        return $"'{unknown}' is one argument too many.";
    }

    /// <summary>Whether the error is about a value that was given, or one that an option lacks.</summary>
    private static bool IsOfValue(ParseError error) => error.SymbolResult is OptionResult
        || (error.SymbolResult is ArgumentResult argument && (argument.Tokens.Count > 0 || argument.Parent is OptionResult));

    private static string DescribeValue(ParseError error)
    {
        OptionResult? option = error.SymbolResult as OptionResult ?? error.SymbolResult?.Parent as OptionResult;
        if (option is null)
            return error.SymbolResult is ArgumentResult argument ? $"{argument.Argument.HelpName}: {error.Message}" : error.Message;

        string name = option.IdentifierToken?.Value ?? option.Option.Name;
        if (option.Tokens.Count == 0) return $"{name} needs a value: {LowerFirst(option.Option.Description)}";
        return option.Option.Arity.MaximumNumberOfValues < option.Tokens.Count ? $"{name} is given more than once." : $"{name}: {error.Message}";
    }

    private static IEnumerable<Option> OptionsOf(ParseResult parsed)
    {
        for (CommandResult? each = parsed.CommandResult; each is not null; each = each.Parent as CommandResult)
        {
            foreach (Option option in each.Command.Options)
            {
                if (!option.Hidden && (option.Recursive || each == parsed.CommandResult)) yield return option;
            }
        }
    }

    private static IEnumerable<string> VisibleNames(Command command) => command.Subcommands.Where(each => !each.Hidden).Select(each => each.Name);

    private static string LowerFirst(string? text) => string.IsNullOrEmpty(text) ? "" : char.ToLowerInvariant(text[0]) + text[1..];
}
