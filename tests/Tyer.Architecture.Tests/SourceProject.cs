using System.Reflection;
using System.Xml.Linq;

namespace Tyer.Architecture.Tests;

/// <summary>A project under <c>src</c>: its file, and the assembly that was built from it.</summary>
internal sealed class SourceProject
{
    private readonly XDocument _file;

    public SourceProject(string path)
    {
        _file = XDocument.Load(path);
        Name = Path.GetFileNameWithoutExtension(path);
        Directory = Path.GetDirectoryName(path)!;
    }

    public string Name { get; }

    public string Directory { get; }

    /// <summary>A program: nobody can reference it, so it has no public surface.</summary>
    public bool IsProgram => _file.Descendants("OutputType").Any(type => type.Value is "Exe" or "WinExe");

    public IEnumerable<string> ProjectReferences => Includes("ProjectReference").Select(NameOf);

    public IEnumerable<string> PackageReferences => Includes("PackageReference");

    /// <summary>The assembly, as the build put it beside these tests.</summary>
    public Assembly LoadAssembly() => Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, AssemblyName + ".dll"));

    private string AssemblyName => _file.Descendants("AssemblyName").FirstOrDefault()?.Value ?? Name;

    private IEnumerable<string> Includes(string item) =>
        _file.Descendants(item).Select(element => element.Attribute("Include")?.Value).OfType<string>();

    private static string NameOf(string include) => Path.GetFileNameWithoutExtension(include.Replace('\\', '/'));
}
