using System.Collections.Immutable;
using Tieout.Core.Metering;

namespace Tieout.Core.Pricing;

/// <summary>A provider: how it is known, what it sells, and how its responses say what was used.</summary>
/// <param name="Alias">Other names of the provider, for example everything that contains <c>bedrock</c>.</param>
/// <param name="ModelsLike">Names of models that say which provider is meant when none is named.</param>
/// <param name="Fallbacks">Providers whose list holds for models that this one resells without listing them.</param>
public sealed record ListedProvider(
    string Id, string Name, MatchClause? Alias, MatchClause? ModelsLike,
    ImmutableArray<string> Fallbacks, ImmutableArray<UsageExtractor> Extractors, ImmutableArray<ListedModel> Models)
{
    public UsageExtractor? Extractor(string flavor) => Extractors.FirstOrDefault(extractor => extractor.Flavor == flavor);

    internal ListedModel? Model(string name) => Models.FirstOrDefault(model => model.Match.Matches(name));
}
