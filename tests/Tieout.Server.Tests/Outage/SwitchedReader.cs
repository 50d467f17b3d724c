using System.Reflection;
using System.Runtime.ExceptionServices;
using Tieout.Storage;

namespace Tieout.Server.Tests.Outage;

/// <summary>A reader that stays the same while what it reads from is switched: a server keeps the readers that it got at its start.</summary>
#pragma warning disable CA1852 // The proxy is made as a subclass, at run time.
internal class SwitchedReader : DispatchProxy
#pragma warning restore CA1852
{
    private Func<ILedgerReader> _current = () => throw new InvalidOperationException("Nothing to read from.");

    public static ILedgerReader Of(Func<ILedgerReader> current)
    {
        var reader = Create<ILedgerReader, SwitchedReader>();
        ((SwitchedReader)(object)reader)._current = current;
        return reader;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        try
        {
            return targetMethod!.Invoke(_current(), args);
        }
        catch (TargetInvocationException thrown) when (thrown.InnerException is { } inner)
        {
            ExceptionDispatchInfo.Throw(inner);
            throw;
        }
    }
}
