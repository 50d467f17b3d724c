namespace Tieout.Core.Pricing;

/// <summary>What a part of a charge is for. No class contains another. The numbers are places in lists; tokens come first.</summary>
public enum ChargeClass
{
    /// <summary>Input that no cache held.</summary>
    Fresh,
    CacheRead,
    CacheWrite,

    /// <summary>Output that the client sees.</summary>
    Visible,
    Reasoning,

    /// <summary>What costs money beside tokens: requests, searches, images, time.</summary>
    Other,
}
