using System.CommandLine;
using Tyer.Cli.Connections;
using Tyer.Cli.Output;

namespace Tyer.Cli.CommandLine;

/// <summary>One use of a command: its surroundings and what every command takes.</summary>
internal sealed class Invocation
{
    public const string UsualLockspace = "default";

    private readonly GlobalOptions _globals;
    private readonly ParseResult _parsed;

    public Invocation(ParseResult parsed, GlobalOptions globals, Surroundings surroundings)
    {
        _parsed = parsed;
        _globals = globals;
        Surroundings = surroundings;
        Format = parsed.GetValue(globals.Json) ? OutputFormat.Json : parsed.GetValue(globals.Output);
        Colors = surroundings.OutWidth is not null && !surroundings.PlainWanted && !parsed.GetValue(globals.NoColor);
    }

    public Surroundings Surroundings { get; }

    public OutputFormat Format { get; }

    /// <summary>Whether tables may have colours: only on a terminal.</summary>
    public bool Colors { get; }

    /// <summary>The lockspace that was named; null: none was.</summary>
    public string? Lockspace => _parsed.GetValue(_globals.Lockspace);

    public TextWriter Out => Surroundings.Out;

    public T? Get<T>(Option<T> option) => _parsed.GetValue(option);

    public T? Get<T>(Argument<T> argument) => _parsed.GetValue(argument);

    /// <summary>Reads <c>NAME|LOCKID</c>.</summary>
    public Subject SubjectOf(string text) => Subject.Parse(text, isName: _parsed.GetValue(_globals.Name));

    /// <summary>Tells people something that is not the command's result.</summary>
    public void Say(string text) => Surroundings.Error.WriteLine($"{TyerCommand.Name}: {text}");

    /// <summary>Asks whoever sits there; where nobody does, it was meant.</summary>
    public bool Confirms(string question)
    {
        if (!Surroundings.CanAsk) return true;
        Surroundings.Error.Write($"{question} [y/N] ");
        Surroundings.Error.Flush();
        return Surroundings.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    /// <summary>Connects, to look at something.</summary>
    public ValueTask<IConnection> ConnectAsync(CancellationToken cancellationToken) => ConnectAsync(null, mayStartPrivate: false, cancellationToken);

    /// <summary>Connects, to lock something.</summary>
    public ValueTask<IConnection> ConnectToLockAsync(string? label, CancellationToken cancellationToken) =>
        ConnectAsync(label, mayStartPrivate: true, cancellationToken);

    private ValueTask<IConnection> ConnectAsync(string? label, bool mayStartPrivate, CancellationToken cancellationToken) =>
        Surroundings.Connector.ConnectAsync(new ConnectRequest(_parsed.GetValue(_globals.Socket), label, mayStartPrivate, Say), cancellationToken);
}
