using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;
using Tyer.Cluster.Fencing;
using Tyer.Daemon.Text;
using Tyer.Sessions;

namespace Tyer.Daemon.Configuration;

/// <summary>
/// Reads the configuration: file, then environment, then flags; the later wins. Each source is checked by itself, so that a fault can say
/// where it stands.
/// </summary>
internal sealed class SettingsReader
{
    /// <summary>Read when it exists and no other file is named.</summary>
    public const string UsualFile = SocketPaths.ConfigurationFile;

    public const string EnvironmentPrefix = "TYER__";

    /// <summary>In every file that names its schema for an editor.</summary>
    private const string SchemaKey = "$schema";

    private readonly List<string> _faults = [];
    private readonly DaemonSettings _settings = new();
    private readonly FenceSection _fence = new();

    /// <summary>Reads and checks everything.</summary>
    /// <param name="file">The file that was asked for; null: the usual one, if it exists.</param>
    /// <param name="environment">The environment's variables, or some of them.</param>
    /// <param name="flags">What the command line says, as keys and values.</param>
    /// <exception cref="ConfigurationException">Something is wrong; all faults are listed.</exception>
    public static DaemonSettings Read(string? file, IEnumerable<KeyValuePair<string, string>> environment, IEnumerable<KeyValuePair<string, string?>> flags)
    {
        var reader = new SettingsReader();
        string? path = file ?? (File.Exists(UsualFile) ? UsualFile : null);
        if (path is not null) reader.ReadFile(Path.GetFullPath(path));
        reader.Apply("the environment variable", ToKeys(environment), key => EnvironmentPrefix + key.Replace(":", "__", StringComparison.Ordinal));
        reader.Apply("the flag", new ConfigurationBuilder().AddInMemoryCollection(flags).Build(), FlagOf);
        reader._fence.Apply(reader._settings.Node, reader.Fault("the key", static key => key));
        return reader.Result();
    }

    private static IConfigurationRoot ToKeys(IEnumerable<KeyValuePair<string, string>> environment) => new ConfigurationBuilder()
        .AddInMemoryCollection(environment
            .Where(variable => variable.Key.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
            .Select(variable => new KeyValuePair<string, string?>(
                variable.Key[EnvironmentPrefix.Length..].Replace("__", ":", StringComparison.Ordinal), variable.Value)))
        .Build();

    private static string FlagOf(string key) =>
        key.StartsWith(SettingKey.Peers + ":", StringComparison.Ordinal) ? "--peer" : SettingKey.All.First(known => known.Name == key).Flag;

    private void ReadFile(string path)
    {
        _settings.File = path;
        try
        {
            using FileStream content = File.OpenRead(path);
            Apply($"{path}:", new ConfigurationBuilder().Add(new JsonStreamConfigurationSource { Stream = content }).Build(), key => key);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _faults.Add($"The configuration file {path} cannot be read: {exception.Message}");
        }
        catch (Exception exception) when (exception is FormatException or InvalidDataException or JsonException)
        {
            _faults.Add($"{path} is not JSON: {(exception.InnerException ?? exception).Message}");
        }
    }

    private void Apply(string source, IConfigurationRoot configuration, Func<string, string> spell)
    {
        foreach (IConfigurationSection section in configuration.GetChildren())
        {
            if (string.Equals(section.Key, SettingKey.Peers, StringComparison.OrdinalIgnoreCase)) ApplyPeers(source, section, spell);
            else if (string.Equals(section.Key, FenceSection.Name, StringComparison.OrdinalIgnoreCase)) _fence.Read(section, Fault(source, spell));
            else if (section.Key != SchemaKey) ApplyOne(source, section, spell);
        }
    }

    private void ApplyOne(string source, IConfigurationSection section, Func<string, string> spell)
    {
        SettingKey? key = SettingKey.All.FirstOrDefault(known => string.Equals(known.Name, section.Key, StringComparison.OrdinalIgnoreCase));
        if (key is null)
        {
            string? meant = Suggestion.For(section.Key, SettingKey.All.Select(known => known.Name).Append(SettingKey.Peers).Append(FenceSection.Name));
            string hint = meant is null ? "" : $" Did you mean '{spell(meant)}'?";
            _faults.Add($"{Capital(source)} '{spell(section.Key)}' is not known.{hint}");
        }
        else if (section.Value is not { } text)
        {
            _faults.Add($"{Capital(source)} '{spell(key.Name)}' takes a single value.");
        }
        else
        {
            Try(source, spell(key.Name), text, () => key.Apply(_settings, text));
        }
    }

    private Action<string, string> Fault(string source, Func<string, string> spell) => (key, what) => _faults.Add($"{Capital(source)} '{spell(key)}' {what}.");

    private void ApplyPeers(string source, IConfigurationSection peers, Func<string, string> spell)
    {
        if (peers.Value is { Length: > 0 })
            _faults.Add($"{Capital(source)} '{spell(SettingKey.Peers)}' takes one address per node: \"{SettingKey.Peers}\": {{ \"n2\": \"tcp://127.0.0.1:7601\" }}.");

        foreach (IConfigurationSection peer in peers.GetChildren())
        {
            string key = $"{SettingKey.Peers}:{peer.Key}";
            if (peer.Value is not { Length: > 0 } address) _faults.Add($"{Capital(source)} '{spell(key)}' needs an address.");
            else _settings.Node.Peers[peer.Key] = address;
        }
    }

    private void Try(string source, string key, string text, Action apply)
    {
        try
        {
            apply();
        }
        catch (FormatException exception)
        {
            _faults.Add($"{Capital(source)} '{key}' is '{text}': {exception.Message.TrimEnd('.')}.");
        }
    }

    private DaemonSettings Result()
    {
        if (_faults.Count > 0) throw new ConfigurationException(_faults);
        try
        {
            if (_settings.Node.Stack == EtcdSettings.Stack) _settings.Etcd.Attach(_settings.Node);
            else if (_settings.Etcd.FirstGiven is { } given)
                throw new ArgumentException($"{given} is given, but the stack is '{_settings.Node.Stack}': set Stack to '{EtcdSettings.Stack}', or leave it out.");
            _settings.Node.Validate();
            if (SecretThatOthersRead() is { } caution) _settings.Cautions.Add(caution);
        }
        catch (ArgumentException exception)
        {
            throw new ConfigurationException(MessageOf(exception));
        }

        return _settings;
    }

    /// <summary>The file is meant to be read by all, for its key Socket: no place for passwords.</summary>
    private string? SecretThatOthersRead()
    {
        if (_settings.File is not { } file || OperatingSystem.IsWindows()) return null;
        if ((File.GetUnixFileMode(file) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) == 0) return null;
        string? agent = _settings.Node.Fence.Values.SelectMany(agents => agents).FirstOrDefault(agent => agent.Options.Keys.Any(FenceAgent.IsSecret))?.Name;
        return agent is null ? null : $"{file} has a password of {agent}, and others than its owner can read it: put it into a file of its own, for OptionsFile";
    }

    /// <summary>Without the parameter that .NET appends: whoever configures has never seen it.</summary>
    private static string MessageOf(ArgumentException exception) => exception.ParamName is { } parameter
        ? exception.Message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal)
        : exception.Message;

    private static string Capital(string text) => text[0] == '/' ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
