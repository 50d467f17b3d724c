using Tieout.Core.Metering;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Core.Tests.Metering;

public sealed class UsageLabelsTests
{
    private static readonly UsageLabels Full = Make.FullLabels;

    // Goal: a label that is added to the type is copied, compared and hashed. Method: each property in turn is given another value.
    [Fact]
    public void A_copy_has_every_label_and_a_change_of_any_is_another_value()
    {
        _ = Full.GetHashCode();
        var copy = Full with { };
        foreach (var label in typeof(UsageLabels).GetProperties())
        {
            Assert.Equal(label.GetValue(Full), label.GetValue(copy));
            Assert.NotNull(label.GetValue(Full));
            var changed = Full with { };
            label.SetValue(changed, label.PropertyType == typeof(string) ? "changed" : label.PropertyType == typeof(UsageSource) ? UsageSource.Import : null);
            Assert.NotEqual(Full, changed);
            Assert.NotEqual(Full.GetHashCode(), changed.GetHashCode());
        }

        Assert.Equal(Full, copy);
        Assert.Equal(Full.GetHashCode(), copy.GetHashCode());
    }

    [Fact]
    public void With_another_model_or_key_the_hash_is_another_too()
    {
        _ = Full.GetHashCode();
        Assert.Equal(Full with { Model = "x" }, Full.OfModel("x"));
        Assert.NotEqual(Full.GetHashCode(), Full.OfModel("x").GetHashCode());
        Assert.Equal(Full with { Key = null }, Full.OfKey(null));
        Assert.NotEqual(Full.GetHashCode(), Full.OfKey(null).GetHashCode());
        Assert.Same(Full, Full.OfModel("gpt-4o"));
        Assert.Same(Full, Full.OfKey("k"));
    }
}
