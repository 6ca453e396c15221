namespace Tyer.Daemon.Configuration;

/// <summary>The configuration cannot be used: one sentence per fault, each naming the source, the key and what would be right.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    public ConfigurationException(string fault)
        : this([fault])
    {
    }

    public IReadOnlyList<string> Faults { get; } = faults;
}
