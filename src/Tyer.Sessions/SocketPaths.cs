using System.Globalization;
using System.Text.Json;

namespace Tyer.Sessions;

/// <summary>
/// Where the daemon's socket may be: one rule for daemon, command line and library. A daemon takes the first of these that it may create, a
/// client the first on which somebody answers whom it may trust.
/// </summary>
public static class SocketPaths
{
    /// <summary>The environment variable that names the socket.</summary>
    public const string Variable = "TYER_SOCKET";

    /// <summary>The configuration file of a machine's daemon. Where it exists, only the socket that it names is the cluster's.</summary>
    public const string ConfigurationFile = "/etc/tyer/tyerd.json";

    /// <summary>The socket of a machine's daemon where nothing else is said.</summary>
    public const string SystemSocket = "/run/tyer/tyerd.sock";

    private const string ConfigurationKey = "Socket";

    /// <summary>The endpoints to try, in this order.</summary>
    /// <param name="given">What the caller was told, such as <c>unix:/run/tyer/tyerd.sock</c> or a path; null: nothing.</param>
    /// <exception cref="InvalidDataException">The configuration file cannot be read; the message says where it is broken.</exception>
    public static IReadOnlyList<string> Find(string? given = null) => Find(
        given,
        Environment.GetEnvironmentVariable,
        static path => File.Exists(path) ? File.ReadAllText(path) : null,
        EffectiveUser.Id);

    internal static IReadOnlyList<string> Find(
        string? given, Func<string, string?> variable, Func<string, string?> configuration, uint userId)
    {
        if (!string.IsNullOrEmpty(given))
            return [EndpointOf(given)];
        if (variable(Variable) is { Length: > 0 } named)
            return [EndpointOf(named)];
        // A private daemon must never stand in for the cluster's.
        if (configuration(ConfigurationFile) is { } text)
            return [EndpointOf(SocketIn(text) ?? SystemSocket)];

        var found = new List<string> { EndpointOf(SystemSocket) };
        if (variable("XDG_RUNTIME_DIR") is { Length: > 0 } folder && Path.IsPathRooted(folder))
            found.Add(EndpointOf(Path.Combine(folder, "tyer", "tyerd.sock")));
        found.Add(EndpointOf(string.Create(CultureInfo.InvariantCulture, $"/tmp/tyer-{userId}/tyerd.sock")));
        return found;
    }

    private static string EndpointOf(string text) => Path.IsPathRooted(text) ? "unix:" + text : text;

    private static string? SocketIn(string configuration)
    {
        try
        {
            var options = new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
            using var document = JsonDocument.Parse(configuration, options);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                // Configuration keys do not care about case.
                if (string.Equals(property.Name, ConfigurationKey, StringComparison.OrdinalIgnoreCase))
                    return property.Value.GetString();
            }

            return null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{ConfigurationFile} is not a configuration file: {fault.Message}", fault);
        }
    }
}
