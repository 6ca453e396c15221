using Tyer.Client.Connections;

namespace Tyer.Client.Tests.Connections;

public class KeyTableTests
{
    [Fact]
    public void A_key_is_used_again_and_its_operations_go_on_being_counted()
    {
        var keys = new KeyTable();
        var key = keys.Rent();
        keys[key].Operation = 5;
        keys[key].Pending = 5;
        keys.Return(key);
        Assert.False(keys.TryFind(key));
        Assert.Equal(key, keys.Rent());
        Assert.Equal(5u, keys[key].Operation);
        Assert.Equal(0u, keys[key].Pending);
    }

    [Fact]
    public void As_many_as_are_needed_are_given_out_and_none_twice()
    {
        var keys = new KeyTable();
        var rented = Enumerable.Range(0, 1000).Select(_ => keys.Rent()).ToArray();
        Assert.Equal(1000, rented.Distinct().Count());
        Assert.All(rented, key => Assert.True(keys.TryFind(key)));
        Assert.Equal(1000u, keys.End);
        foreach (var key in rented.Where(key => key % 2 == 0))
            keys.Return(key);
        var again = Enumerable.Range(0, 500).Select(_ => keys.Rent()).ToArray();
        Assert.All(again, key => Assert.Equal(0u, key % 2));
        Assert.Equal(1000u, keys.End);
        Assert.False(keys.TryFind(1000));
    }
}
