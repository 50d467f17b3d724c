using System.Reflection;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Tests.Outage;

/// <summary>A reader that never ends reading usage by itself.</summary>
#pragma warning disable CA1852 // The proxy is made as a subclass, at run time.
internal class SlowReader : DispatchProxy
#pragma warning restore CA1852
{
    private ILedgerReader? _inner;

    public static ILedgerReader Of(ILedgerReader inner)
    {
        var reader = Create<ILedgerReader, SlowReader>();
        ((SlowReader)(object)reader)._inner = inner;
        return reader;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod!.Name == nameof(ILedgerReader.PageAsync) ? EndlessAsync((CancellationToken)args![^1]!) : targetMethod.Invoke(_inner, args);

    private static async Task<IReadOnlyList<UsageEntry>> EndlessAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        return [];
    }
}
