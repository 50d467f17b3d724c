using System.Reflection;
using Tieout.Storage;

namespace Tieout.Server.Tests.Outage;

/// <summary>A reader whose store is away for what a test names.</summary>
#pragma warning disable CA1852 // The proxy is made as a subclass, at run time.
internal class AwayReader : DispatchProxy
#pragma warning restore CA1852
{
    private ILedgerReader? _inner;
    private HashSet<string> _away = [];
    private TimeSpan? _stale;

    /// <param name="away">Names of the members that fail.</param>
    public static ILedgerReader Of(ILedgerReader inner, TimeSpan? stale, params string[] away)
    {
        var reader = Create<ILedgerReader, AwayReader>();
        var proxy = (AwayReader)(object)reader;
        (proxy._inner, proxy._stale, proxy._away) = (inner, stale, [.. away]);
        return reader;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var name = targetMethod!.Name.Replace("get_", "", StringComparison.Ordinal);
        if (_away.Contains(name)) throw new StoreUnavailableException("PostgreSQL: the line was cut by a test.", StoreEffect.None);
        if (name == nameof(ILedgerReader.StaleFor)) return _stale;
        try
        {
            return targetMethod.Invoke(_inner, args);
        }
        catch (TargetInvocationException thrown) when (thrown.InnerException is { } inner)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(inner);
            throw;
        }
    }
}
