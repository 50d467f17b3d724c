namespace Tieout.Analysis.Why;

/// <summary>Why a cost rose. Names are part of the API, in snake_case.</summary>
public enum SpikeCause
{
    /// <summary>More users, each as before.</summary>
    MoreUsers,

    /// <summary>As many users, more requests of each: a bot or a loop.</summary>
    RequestsPerUser,

    /// <summary>A key that was not there before: a leak, or a new client.</summary>
    NewKey,

    /// <summary>A feature, model or project that was not there before.</summary>
    NewSegment,

    /// <summary>More requests of one segment; whether more users is not known.</summary>
    VolumeSurge,

    /// <summary>Requests moved to a dearer model or provider.</summary>
    ModelMix,

    /// <summary>Requests moved to dearer tenants, features or keys.</summary>
    Mix,
    RetryStorm,
    AutoSave,
    Undo,

    /// <summary>Hidden recompute of another trigger.</summary>
    HiddenRecompute,
    ToolFailures,

    /// <summary>The context is appended to and never cut: few long requests pull the mean.</summary>
    ContextGrowth,

    /// <summary>Every request has so many more tokens: a template, a system prompt, a tool's schema.</summary>
    TemplateGrowth,

    /// <summary>Longer answers.</summary>
    OutputLength,

    /// <summary>More reasoning in each answer.</summary>
    ReasoningEffort,

    /// <summary>The cache is read less: the beginning of the prompts changes, or its lifetime has shortened.</summary>
    CacheMiss,

    /// <summary>The provider's price list changed.</summary>
    ListPrice,

    /// <summary>A batch, a tier or a discount was lost; the list is as it was.</summary>
    EffectivePrice,

    /// <summary>Fees beside tokens: searches, images, requests.</summary>
    Fees,
}
