using Microsoft.Extensions.Configuration;
using Tyer.Cluster.Fencing;
using Tyer.Daemon.Text;

namespace Tyer.Daemon.Configuration;

/// <summary>
/// The key <c>Fence</c>, which has fence agents for each node: <c>Fence:n3:0:Agent</c> is the first that is tried for n3. A later source may change a single value of an earlier one.
/// </summary>
internal sealed class FenceSection
{
    public const string Name = "Fence";

    private const string Options = "Options";

    private static readonly string[] Keys = ["Agent", "Action", "Timeout", "OptionsFile", Options];

    private readonly SortedDictionary<string, SortedDictionary<int, Dictionary<string, string>>> _given = new(StringComparer.Ordinal);

    /// <summary>Takes in what one source says.</summary>
    /// <param name="section">The key, and what is under it.</param>
    /// <param name="fault">Is told of what cannot be right: the key, and a clause.</param>
    public void Read(IConfigurationSection section, Action<string, string> fault)
    {
        if (section.Value is { Length: > 0 })
            fault(Name, "takes agents for each node: \"Fence\": { \"n3\": [ { \"Agent\": \"fence_ipmilan\", \"Options\": { \"ip\": \"10.1.0.3\" } } ] }");
        foreach (IConfigurationSection node in section.GetChildren())
        {
            if (node.Value is { Length: > 0 }) fault($"{Name}:{node.Key}", "takes a list of agents, each with the key Agent");
            foreach (IConfigurationSection agent in node.GetChildren())
            {
                if (int.TryParse(agent.Key, out int place) && place >= 0 && agent.Value is not { Length: > 0 }) ReadAgent(node.Key, place, agent, fault);
                else fault($"{Name}:{node.Key}:{agent.Key}", $"is no agent: '{Name}:{node.Key}' takes a list of them, [ {{ \"Agent\": … }} ]");
            }
        }
    }

    /// <summary>Tells the node.</summary>
    /// <param name="to">Its options.</param>
    /// <param name="fault">Is told of what cannot be right: the key, and a clause.</param>
    public void Apply(TyerNodeOptions to, Action<string, string> fault)
    {
        foreach ((string node, SortedDictionary<int, Dictionary<string, string>> agents) in _given)
        {
            var list = new List<FenceAgent>();
            foreach ((int place, Dictionary<string, string> values) in agents)
            {
                string key = $"{Name}:{node}:{place}";
                TimeSpan? timeout = null;
                if (values.TryGetValue("Timeout", out string? text))
                {
                    if (DurationText.TryParse(text, out TimeSpan span)) timeout = span;
                    else fault($"{key}:Timeout", $"is '{text}': it takes {DurationText.Examples}");
                }

                if (!values.TryGetValue("Agent", out string? program))
                {
                    fault(key, "has no Agent: the fence agent's name or path, such as fence_ipmilan");
                    continue;
                }

                var usual = new FenceAgent { Program = program };
                list.Add(usual with
                {
                    Action = values.GetValueOrDefault("Action", usual.Action),
                    Timeout = timeout ?? usual.Timeout,
                    OptionsFile = values.GetValueOrDefault("OptionsFile"),
                    Options = values.Where(value => value.Key.StartsWith($"{Options}:", StringComparison.Ordinal))
                        .ToDictionary(value => value.Key[(Options.Length + 1)..], value => value.Value, StringComparer.Ordinal),
                });
            }

            to.Fence[node] = list;
        }
    }

    private void ReadAgent(string node, int place, IConfigurationSection agent, Action<string, string> fault)
    {
        if (!_given.TryGetValue(node, out SortedDictionary<int, Dictionary<string, string>>? agents)) _given.Add(node, agents = []);
        if (!agents.TryGetValue(place, out Dictionary<string, string>? values)) agents.Add(place, values = new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (IConfigurationSection value in agent.GetChildren())
        {
            string? known = Array.Find(Keys, key => string.Equals(key, value.Key, StringComparison.OrdinalIgnoreCase));
            if (known is null)
                fault($"{Name}:{node}:{place}:{value.Key}", $"is not known.{Suggestion.Sentence(value.Key, Keys)}".TrimEnd('.'));
            else if (known != Options && value.Value is { Length: > 0 } text)
                values[known] = text;
            else if (known != Options || value.Value is { Length: > 0 })
                fault($"{Name}:{node}:{place}:{known}", known == Options ? "takes names and values: { \"ip\": \"10.1.0.3\" }" : "takes a single value");
            else
                ReadOptions(values, value, $"{Name}:{node}:{place}:{known}", fault);
        }
    }

    private static void ReadOptions(Dictionary<string, string> values, IConfigurationSection options, string key, Action<string, string> fault)
    {
        foreach (IConfigurationSection option in options.GetChildren())
        {
            if (option.Value is { } text) values[$"{Options}:{option.Key}"] = text;
            else fault($"{key}:{option.Key}", "takes a single value");
        }
    }
}
