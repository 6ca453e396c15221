using System.Reflection;
using System.Runtime.CompilerServices;

namespace Tyer.Architecture.Tests;

/// <summary>
/// Lists types and their visible members as text: a line for each type, its members indented below, in a fixed order. What the compiler
/// adds
/// by itself (equality of records and the like) is left out.
/// </summary>
internal static class ApiListing
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>A block of lines for each type, blocks apart by an empty line; no line for no type.</summary>
    public static IEnumerable<string> Of(IEnumerable<Type> types) => types
        .OrderBy(type => type.FullName, StringComparer.Ordinal)
        .SelectMany((type, i) => i == 0 ? Of(type) : Of(type).Prepend(""));

    public static bool IsVisible(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed);

    private static IEnumerable<string> Of(Type type) => Members(type).Select(line => "    " + line).Prepend(ApiText.Declaration(type));

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsSubclassOf(typeof(Delegate))) return [];
        IEnumerable<MemberInfo> members = type.GetMembers(Everything).Where(IsVisible).Where(member => !IsOfTheCompiler(member));
        // The members of an enum are its meaning and stay in the order of their values.
        return type.IsEnum
            ? members.OfType<FieldInfo>().Where(f => f.IsLiteral).OrderBy(f => f.GetRawConstantValue()).Select(ApiText.Describe)
            : members
                .Select(member => (Rank: Rank(member), member.Name, Text: ApiText.Describe(member)))
                .OrderBy(line => line.Rank)
                .ThenBy(line => line.Name, StringComparer.Ordinal)
                .ThenBy(line => line.Text, StringComparer.Ordinal)
                .Select(line => line.Text);
    }

    private static int Rank(MemberInfo member) => member switch
    {
        FieldInfo => 0,
        ConstructorInfo => 1,
        EventInfo => 2,
        PropertyInfo => 3,
        MethodBase method => IsOperator(method) ? 5 : 4,
        _ => 6,
    };

    private static bool IsVisible(MemberInfo member) => member switch
    {
        // A nested type is a type of its own in the listing.
        Type => false,
        FieldInfo field => field.IsPublic || ((field.IsFamily || field.IsFamilyOrAssembly) && !field.DeclaringType!.IsSealed),
        MethodBase method => IsVisible(method) && (!method.IsSpecialName || method is ConstructorInfo || IsOperator(method)),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
        EventInfo @event => IsVisible(@event.AddMethod!),
        _ => false,
    };

    private static bool IsOperator(MethodBase method) => method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static bool IsOfTheCompiler(MemberInfo member) =>
        member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false) || member.Name.Contains('<', StringComparison.Ordinal);
}
