namespace Tieout.Simulator.Provider.Dialects;

/// <summary>A response that can be asked for again.</summary>
internal sealed class KeptResponse(SimulatedAnswer answer)
{
    private readonly Lock _lock = new();
    private int _polls;
    private bool _cancelled;

    public SimulatedAnswer Answer { get; } = answer;

    /// <summary>In the background it is found at work once, and finished when asked again.</summary>
    public string Poll()
    {
        lock (_lock)
        {
            if (_cancelled) return "cancelled";
            return Answer.Request.Background && ++_polls == 1 ? "in_progress" : OpenAiResponses.FinalStatus(Answer);
        }
    }

    /// <returns>False: too late, or never in the background.</returns>
    public bool Cancel()
    {
        lock (_lock)
        {
            if (!Answer.Request.Background || _polls > 1) return false;
            return _cancelled = true;
        }
    }
}

/// <summary>Asking for a response again, and cancelling one in the background. Neither is billed: the response was.</summary>
internal sealed class OpenAiStoredResponses(KeptThings<KeptResponse> kept) : OpenAiResource
{
    public override bool Answers(string method, string path) => (method, path.Split('/')) switch
    {
        ("GET", [.., "responses", _]) => true,
        ("POST", [.., "responses", _, "cancel"]) => true,
        _ => false,
    };

    public override string EndpointOf(string path) => path.EndsWith("/cancel", StringComparison.Ordinal) ? "responses/{id}/cancel" : "responses/{id}";

    public override int Answer(string method, SimulatedInput input, RenderedAnswer rendered)
    {
        var path = input.Path.Split('/');
        var id = method == "POST" ? path[^2] : path[^1];
        if (!kept.TryGet(id, out var response)) return NotFound(id, rendered);
        if (method == "POST" && !response.Cancel())
        {
            throw new SimulatedRequestException("Only a response in the background that is not finished can be cancelled.", "response_id");
        }

        var status = response.Poll();
        rendered.WriteBody(json => OpenAiResponses.WriteResponse(json, response.Answer, status));
        return 200;
    }
}
