namespace Tieout.Core.Spike.Truncation;

/// <summary>Calls of tools that have no result yet, by their ids. Clients may use an id again once its call has a result.</summary>
internal sealed class OpenCalls
{
    private readonly List<string> _ids = [];

    /// <summary>Every call so far has its result.</summary>
    public bool IsEmpty => _ids.Count == 0;

    public void Open(string id) => _ids.Add(id);

    /// <returns>False: no such call is open.</returns>
    public bool Close(string id) => _ids.Remove(id);
}
