using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tyer.Sessions.Administration;

namespace Tyer.Cli.Output;

/// <summary>Prints documents the way <see cref="AdministrationJson"/> writes what they consist of.</summary>
internal static class JsonPrinter
{
    private static readonly JsonSerializerOptions Options = new(AdministrationJson.Default.Options)
    {
        WriteIndented = true,
        TypeInfoResolver = JsonTypeInfoResolver.Combine(DocumentJson.Default, AdministrationJson.Default),
        // It goes to a terminal or a program, never into a web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Compact = new(Options) { WriteIndented = false };

    /// <summary>Reads a document that was printed.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static T Read<T>(string text) =>
        JsonSerializer.Deserialize(text, (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T))) ?? throw new JsonException("There is nothing to read.");

    /// <summary>Prints a document, indented unless a reader takes it line by line.</summary>
    public static void Print<T>(TextWriter writer, T document, bool onOneLine = false) =>
        writer.WriteLine(JsonSerializer.Serialize(document, (JsonTypeInfo<T>)(onOneLine ? Compact : Options).GetTypeInfo(typeof(T))));
}
