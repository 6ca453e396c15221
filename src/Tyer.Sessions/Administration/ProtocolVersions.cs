using System.Globalization;

namespace Tyer.Sessions.Administration;

/// <summary>The versions of the lock protocol between nodes that a node offers.</summary>
/// <param name="Minimum">The least, 1 or more.</param>
/// <param name="Maximum">The greatest.</param>
public sealed record ProtocolVersions(int Minimum, int Maximum)
{
    /// <summary><c>1</c>, or <c>1-2</c>.</summary>
    public override string ToString() => Minimum == Maximum
        ? Minimum.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Minimum}-{Maximum}");
}
