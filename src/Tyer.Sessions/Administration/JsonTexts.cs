using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tyer.Sessions.Administration;

/// <summary>A word that has a text of its own, as that text.</summary>
internal abstract class TextConverter<T> : JsonConverter<T>
{
    public sealed override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var word)
            ? word
            : throw new JsonException($"This is not a {typeof(T).Name}.");

    public sealed override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Format(value));

    protected abstract bool TryParse(string? text, out T word);

    protected abstract string Format(T word);
}

internal sealed class ResourceNameConverter : TextConverter<ResourceName>
{
    protected override bool TryParse(string? text, out ResourceName word) => ResourceName.TryParse(text, out word);

    protected override string Format(ResourceName word) => word.ToString();
}

internal sealed class LockIdConverter : TextConverter<LockId>
{
    protected override bool TryParse(string? text, out LockId word) => LockId.TryParse(text, out word);

    protected override string Format(LockId word) => word.ToString();
}

internal sealed class FencingTokenConverter : TextConverter<FencingToken>
{
    protected override bool TryParse(string? text, out FencingToken word) => FencingToken.TryParse(text, out word);

    protected override string Format(FencingToken word) => word.ToString();
}

internal sealed class LockModeConverter : TextConverter<LockMode>
{
    protected override bool TryParse(string? text, out LockMode word) => LockModes.TryParse(text, out word);

    protected override string Format(LockMode word) => word.ToShortName();
}

/// <summary>Spans of time as seconds, to the clock's 100 ns.</summary>
internal sealed class SecondsConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        // Ticks are whole: a decimal keeps them exactly, a double would not.
        const decimal SecondsMax = long.MaxValue / TimeSpan.TicksPerSecond;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var seconds) && Math.Abs(seconds) < SecondsMax
            ? new TimeSpan((long)(seconds * TimeSpan.TicksPerSecond))
            : throw new JsonException("A span of time is a number of seconds.");
    }

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteNumberValue((decimal)value.Ticks / TimeSpan.TicksPerSecond);
}
