using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Batches;

/// <summary>An object that an org has at a provider, and the provider that has it.</summary>
internal readonly record struct LocatedObject(KeptObject Kept, Upstream Upstream);
