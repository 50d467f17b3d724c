namespace Tieout.Server.Governor;

/// <summary>What callers occupy on a server and give back.</summary>
internal enum Resource
{
    Requests,
    BodyBytes,
    UploadBytes,
}

/// <summary>The holder of a share that is used up.</summary>
internal enum ShareHolder
{
    Caller,
    Org,
    All,
}

/// <summary>Why something cannot be occupied now.</summary>
/// <param name="Limit">How much the holder may have.</param>
internal readonly record struct Shortage(Resource Resource, ShareHolder Holder, long Limit);
