using System.Text;
using BenchmarkDotNet.Attributes;

namespace Tyer.Bench.Names;

/// <summary>What a name costs before any lock manager sees it: every call that gives one as text pays it.</summary>
[MemoryDiagnoser]
public class ResourceNameBenchmarks
{
    private string _text = null!;
    private byte[] _bytes = null!;
    private ResourceName _name;

    [Params("orders/42", "tenants/7/warehouses/north/shelves/0815")]
    public string Text { get; set; } = null!;

    [GlobalSetup]
    public void Setup()
    {
        _text = Text;
        _bytes = Encoding.UTF8.GetBytes(Text);
        _name = Text;
    }

    [Benchmark(Description = "name from text")]
    public ulong FromText() => new ResourceName(_text).Hash;

    [Benchmark(Description = "name equals bytes")]
    public bool EqualsBytes() => _name.Equals(_bytes);
}
