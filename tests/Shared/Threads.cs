using System.Runtime.CompilerServices;

namespace Tieout.Tests;

/// <summary>Threads for a test program.</summary>
internal static class Threads
{
    // A test that computes for seconds on every processor, beside tests that block, leaves nobody to complete an opened connection: on two processors
    // the pool adds one thread in half a second, and connections that PostgreSQL had accepted at once were given up after 3 s.
    [ModuleInitializer]
    internal static void KeepEnough()
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, 64), ports);
    }
}
