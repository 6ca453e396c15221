using System.Globalization;
using System.Text;
using Tyer.Comms.Security;

namespace Tyer.Comms.Tests.Security;

/// <summary>Keys whose secret follows from their id.</summary>
internal static class TestKeys
{
    public static ClusterKey Key(uint id, char digit = 'a') => ClusterKey.TryRead(id, Encoding.ASCII.GetBytes(
        id.ToString("x32", CultureInfo.InvariantCulture) + new string(digit, 32)))!;

    /// <summary>A ring of keys, the first being active.</summary>
    public static KeyRing Ring(params uint[] ids) => new([.. ids.Select(id => Key(id))]);
}
