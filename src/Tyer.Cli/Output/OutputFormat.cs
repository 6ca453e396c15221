namespace Tyer.Cli.Output;

/// <summary>For whom a command prints.</summary>
internal enum OutputFormat
{
    /// <summary>For people: tables and sentences, which may change with any version.</summary>
    Table,

    /// <summary>For programs: one JSON document, whose fields stay.</summary>
    Json,
}
