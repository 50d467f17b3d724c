using Tieout.Analysis.Why;

namespace Tieout.Server.Spike;

/// <summary>What a cause is called in a sentence, what to do first, and what it could be as well.</summary>
/// <param name="Sentence">Goes on with where it is.</param>
internal sealed record CauseWords(string Sentence, string Advice, string Else)
{
    public static CauseWords Of(SpikeCause cause) => cause switch
    {
        SpikeCause.MoreUsers => new(
            "More users send requests, each as many as before", "Raise the budget if the growth is wanted; check for bots by user agent first.",
            "A campaign, a viral feature, or bots with a user each."),
        SpikeCause.RequestsPerUser => new(
            "The same users send more requests each", "Limit requests for each user or key.", "A loop in a client, a bot, or a schedule that runs too often."),
        SpikeCause.NewKey => new(
            "A key that was not used before sends requests", "Ask who created the key; revoke it if nobody knows.", "A leaked key, or a new client."),
        SpikeCause.NewSegment => new(
            "Something that had no cost before sends requests", "Give it a budget of its own.", "A launch, or labels that were renamed."),
        SpikeCause.VolumeSurge => new(
            "There are more requests", "Find out whether users or one client grew; limit requests for each user or key.", "A campaign, a bot, or a loop."),
        SpikeCause.ModelMix => new(
            "Requests moved to a dearer model or provider", "Put the route back, or accept the new price.", "A migration, or a fallback while a provider is down."),
        SpikeCause.Mix => new(
            "Requests moved to dearer parts of the traffic", "Look at the contributors.", "A shift of customers or features; nothing may be wrong."),
        SpikeCause.RetryStorm => new(
            "Clients retry", "Set a budget for retries, and look at the provider's errors.", "A provider that fails or is slow, or a client without back-off."),
        SpikeCause.AutoSave => new(
            "Auto-saves call the model more often", "Save less often, and let the newest save replace the waiting ones.", "A shorter interval in a release."),
        SpikeCause.Undo => new("Undo calls the model again", "Limit undo to 3 a minute for each user.", "A change of the user interface."),
        SpikeCause.HiddenRecompute => new("Work is done again", "Look at the triggers.", "A retry loop, or a change of the user interface."),
        SpikeCause.ToolFailures => new(
            "Tools fail, and the model is called again", "Cut tool retries to 2, and stop calling a tool after 5 failures for 60 s.", "The tool's API."),
        SpikeCause.ContextGrowth => new(
            "Requests carry ever longer conversations", "Cut the context in blocks, so that the provider's cache keeps working.",
            "History that is appended where it should be replaced."),
        SpikeCause.TemplateGrowth => new(
            "Every request has more input tokens", "Put the template, system prompt or tool list back. Cutting the context does not help.",
            "Longer documents in each request."),
        SpikeCause.OutputLength => new(
            "Answers are longer", "Cap max_tokens, or put the model or prompt back.", "A new model version, another sampling, or another output format."),
        SpikeCause.ReasoningEffort => new("Models reason more in each answer", "Lower the reasoning effort.", "A new default of the provider."),
        SpikeCause.CacheMiss => new(
            "Less of the input is read from the provider's cache", "Keep the beginning of the prompts the same: no time, no changing order of tools.",
            "A shorter lifetime of the cache, or requests that come too seldom."),
        SpikeCause.ListPrice => new("The price list has higher prices", "Compare providers; tell the tenants.", "A list that was imported by mistake."),
        SpikeCause.EffectivePrice => new(
            "The same list price comes to more", "Look for a lost batch, tier or discount.", "A policy with another markup, or work that was moved out of batches."),
        SpikeCause.Fees => new(
            "Requests cost more beside their tokens", "Look at searches, images and other tools of the provider.", "A tool that was switched on."),
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, null),
    };

    public static string Of(MeteringCause cause) => cause switch
    {
        MeteringCause.Duplicates => "The same calls were recorded twice. Nothing more was used.",
        MeteringCause.Backfill => "Usage of earlier hours arrived now. Nothing more was used.",
        MeteringCause.PriceBook => "The price of cached tokens was corrected, and use is as before. Restate the hours before, or tell the tenants.",
        MeteringCause.UsageShape => "Cached tokens are counted among the fresh ones as well. Nothing more was used; check the reader of the provider's answers.",
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, null),
    };
}
