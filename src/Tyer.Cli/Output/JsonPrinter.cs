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

    public static void Print<T>(TextWriter writer, T document) =>
        writer.WriteLine(JsonSerializer.Serialize(document, (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T))));
}
