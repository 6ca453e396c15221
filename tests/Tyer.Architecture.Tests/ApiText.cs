using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Tyer.Architecture.Tests;

/// <summary>How the listing writes a declaration: as in C#; the type's own name in full, others without namespace.</summary>
internal static class ApiText
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int",
        [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double",
        [typeof(decimal)] = "decimal", [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
    };

    public static string Declaration(Type type)
    {
        string name = $"{type.Namespace}.{NameOf(type)}";
        if (type.IsSubclassOf(typeof(Delegate))) return $"delegate {Signature(type.GetMethod("Invoke")!, name)}";
        if (type.IsEnum) return $"{(IsFlags(type) ? "[Flags] " : "")}enum {name} : {NameOf(type.GetEnumUnderlyingType())}";

        IEnumerable<string> bases = type.GetInterfaces()
            .Except(type.BaseType?.GetInterfaces() ?? [])
            // A record compares itself with its like; that goes without saying.
            .Where(face => !(IsRecord(type) && face == typeof(IEquatable<>).MakeGenericType(type)))
            .Select(NameOf)
            .Order(StringComparer.Ordinal);
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType)) bases = bases.Prepend(NameOf(parent));
        return $"{KindOf(type)} {name}{(bases.Any() ? " : " + string.Join(", ", bases) : "")}{Constraints(type.GetGenericArguments())}";
    }

    public static string Describe(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"{Access(constructor)}{constructor.DeclaringType!.Name.Split('`')[0]}({Parameters(constructor)})",
        MethodInfo method =>
            $"{Access(method)}{Modifiers(method)}{Signature(method, method.Name)}{Constraints(method.GetGenericArguments())}",
        PropertyInfo property => Describe(property),
        EventInfo @event => $"{Access(@event.AddMethod!)}{Modifiers(@event.AddMethod!)}event {TypeOf(@event)} {@event.Name}",
        FieldInfo field => Describe(field),
        _ => throw new NotSupportedException($"{member.DeclaringType}.{member.Name}"),
    };

    private static string Describe(PropertyInfo property)
    {
        MethodInfo main = property.GetMethod ?? property.SetMethod!;
        string accessors = string.Concat(property.GetAccessors(nonPublic: true)
            .Where(ApiListing.IsVisible)
            .Select(accessor => accessor == property.GetMethod ? "get; " : IsInit(accessor) ? "init; " : "set; ")
            .Order(StringComparer.Ordinal));
        string required = property.IsDefined(typeof(RequiredMemberAttribute), false) ? "required " : "";
        string index = property.GetIndexParameters() is [_, ..] ? $"[{Parameters(main)}]" : "";
        return $"{Access(main)}{Modifiers(main)}{required}{TypeOf(property)} {property.Name}{index} {{ {accessors}}}";
    }

    private static string Describe(FieldInfo field)
    {
        if (field.DeclaringType!.IsEnum)
        {
            string form = IsFlags(field.DeclaringType) ? "{0} = 0x{1:X}" : "{0} = {1}";
            return string.Format(CultureInfo.InvariantCulture, form, field.Name, field.GetRawConstantValue());
        }

        if (field.IsLiteral) return $"const {TypeOf(field)} {field.Name} = {Literal(field.FieldType, field.GetRawConstantValue())}";
        string modifiers = (field.IsPublic ? "" : "protected ") + (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        return $"{modifiers}{TypeOf(field)} {field.Name}";
    }

    private static string Signature(MethodInfo method, string name)
    {
        string generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(NameOf))}>" : "";
        string extension = method.IsDefined(typeof(ExtensionAttribute), false) ? "this " : "";
        return $"{TypeOf(method.ReturnParameter)} {name}{generic}({extension}{Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Describe));

    private static string Describe(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        string passing = !parameter.ParameterType.IsByRef ? "" : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        bool isMany = parameter.IsDefined(typeof(ParamArrayAttribute), false) || parameter.IsDefined(typeof(ParamCollectionAttribute), false);
        string many = isMany ? "params " : "";
        string value = parameter.HasDefaultValue ? $" = {Literal(type, parameter.RawDefaultValue)}" : "";
        return $"{many}{passing}{TypeOf(parameter)} {parameter.Name}{value}";
    }

    private static string KindOf(Type type)
    {
        if (type.IsInterface) return "interface";
        if (type.IsValueType)
        {
            string readOnly = type.IsDefined(typeof(IsReadOnlyAttribute), false) ? "readonly " : "";
            return readOnly + (type.IsByRefLike ? "ref " : "") + (IsRecord(type) ? "record struct" : "struct");
        }

        string modifier = (type.IsAbstract, type.IsSealed) switch
        {
            (true, true) => "static ",
            (true, false) => "abstract ",
            (false, true) => "sealed ",
            _ => "",
        };
        return modifier + (IsRecord(type) ? "record" : "class");
    }

    private static bool IsRecord(Type type) =>
        type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly) is not null;

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Modifiers(MethodInfo method)
    {
        if (method.IsStatic) return method.IsAbstract ? "static abstract " : "static ";
        if (method.DeclaringType!.IsInterface) return "";
        if (method.GetBaseDefinition() != method)
            return method.IsFinal ? "sealed override " : method.IsAbstract ? "abstract override " : "override ";
        if (method.IsAbstract) return "abstract ";
        return method is { IsVirtual: true, IsFinal: false } ? "virtual " : "";
    }

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static bool IsFlags(Type type) => type.IsDefined(typeof(FlagsAttribute), inherit: false);

    private static string TypeOf(PropertyInfo property) => NameOf(property.PropertyType, new NullabilityInfoContext().Create(property));

    private static string TypeOf(EventInfo @event) => NameOf(@event.EventHandlerType!, new NullabilityInfoContext().Create(@event));

    private static string TypeOf(FieldInfo field) => NameOf(field.FieldType, new NullabilityInfoContext().Create(field));

    private static string TypeOf(ParameterInfo parameter) =>
        NameOf(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));

    private static string NameOf(Type type, NullabilityInfo info)
    {
        if (type.IsByRef) type = type.GetElementType()!;
        Type[] arguments = type.IsGenericType && Nullable.GetUnderlyingType(type) is null ? type.GetGenericArguments() : [];
        string name = arguments.Length > 0 && arguments.Length == info.GenericTypeArguments.Length
            ? $"{Bare(type)}<{string.Join(", ", arguments.Zip(info.GenericTypeArguments, NameOf))}>"
            : NameOf(type);
        // What may be given counts for a parameter, what may be had for the rest; either makes it nullable.
        bool mayBeNull = info.ReadState == NullabilityState.Nullable || info.WriteState == NullabilityState.Nullable;
        // Of a type parameter that may be a value it cannot be told.
        bool canTell = !type.IsValueType && !(type.IsGenericParameter && type.GetGenericParameterConstraints().Length == 0);
        return mayBeNull && canTell ? name + "?" : name;
    }

    private static string NameOf(Type type)
    {
        if (Keywords.TryGetValue(type, out string? keyword)) return keyword;
        if (Nullable.GetUnderlyingType(type) is { } underlying) return NameOf(underlying) + "?";
        if (type.IsArray) return NameOf(type.GetElementType()!) + "[]";
        return type.IsGenericType ? $"{Bare(type)}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>" : Bare(type);
    }

    private static string Bare(Type type)
    {
        string name = type.Name.Split('`')[0];
        return type is { IsNested: true, IsGenericParameter: false } ? $"{Bare(type.DeclaringType!)}.{name}" : name;
    }

    private static string Constraints(Type[] arguments) => string.Concat(arguments
        .Where(argument => argument.IsGenericParameter && argument.GetGenericParameterConstraints().Length > 0)
        .Select(argument => $" where {argument.Name} : {string.Join(", ", argument.GetGenericParameterConstraints().Select(NameOf))}"));

    private static string Literal(Type type, object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ when type.IsEnum => $"{Bare(type)}.{Enum.ToObject(type, value)}",
        _ => string.Format(CultureInfo.InvariantCulture, "{0}", value),
    };
}
