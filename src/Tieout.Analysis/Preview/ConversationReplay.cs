using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Spike;
using Tieout.Core.Spike.Truncation;

namespace Tieout.Analysis.Preview;

/// <summary>What a cut would have changed about the cost of one request.</summary>
/// <param name="Saved">Below zero: the request would have cost more.</param>
/// <param name="CacheLost">Part of it: what tokens cost more that the provider would have had to read anew because the cut moved.</param>
internal readonly record struct CutSaving(Amount Saved, Amount CacheLost);

/// <summary>Replays conversations through a truncation by the tokens of their requests: no message is stored.</summary>
/// <remarks>
/// Requests of one workflow are one conversation, else those of one caller. A prompt that is shorter than the one before begins a new one. Its first prompt is
/// what always goes on (the system's messages and tools, and the first question); each later request adds an answer and a question, two messages, with the
/// tokens that the prompt grew by. Where the cut moves, everything behind the first prompt is read anew; where it stays, the cache is as good as it was.
/// </remarks>
internal sealed class ConversationReplay(ContextWindow window)
{
    private readonly Dictionary<MitigatedCaller, Conversation> _conversations = [];

    /// <returns>Null: the request goes on as it is.</returns>
    public CutSaving? Of(in ReplayedRequest replayed)
    {
        var request = replayed.Request;
        var caller = replayed.Session is { } session
            ? new MitigatedCaller(null, null, request.Key, null, null, null, session)
            : new MitigatedCaller(request.Feature, request.Team, request.Key, request.Model, null, request.User);
        var counts = replayed.Counts with { More = null };
        if (!_conversations.TryGetValue(caller, out var conversation) || counts.InputTokens < conversation.Prompt)
        {
            _conversations[caller] = conversation = new(counts.InputTokens);
        }

        conversation.Add(counts, window);
        if (conversation.Cut == 0 || replayed.Price is not { } price) return null;
        var (kept, shorter) = (Cost(price, conversation.Shorter(counts, isMoved: false)), Cost(price, conversation.Shorter(counts, conversation.IsMoved)));
        return new(Cost(price, counts) - shorter, shorter - kept);
    }

    private static Amount Cost(ResolvedPrice price, in UsageCounts counts) => ClaimLimit.Claimed(price, counts).Charge;

    private sealed class Conversation
    {
        /// <summary>Tokens of the first prompt.</summary>
        private readonly long _first;

        /// <summary>Tokens of each answer with the question after it.</summary>
        private readonly List<long> _turns = [];

        private int _turnsCut;
        private bool _isWritten;

        public Conversation(long first) => (_first, Prompt) = (first, first);

        /// <summary>Tokens of the last prompt.</summary>
        public long Prompt { get; private set; }

        /// <summary>Tokens that are cut off.</summary>
        public long Cut { get; private set; }

        /// <summary>The last request is the first one with this cut.</summary>
        public bool IsMoved { get; private set; }

        public void Add(in UsageCounts counts, in ContextWindow window)
        {
            if (counts.InputTokens > Prompt) _turns.Add(counts.InputTokens - Prompt);
            Prompt = counts.InputTokens;
            _isWritten |= counts.CacheWriteTokens > 0;
            var most = window.CutAt(window.InTokens ? Prompt - _first : 1 + 2L * _turns.Count);
            var before = _turnsCut;
            while (_turnsCut < _turns.Count && (window.InTokens ? Cut + _turns[_turnsCut] : 2L * (_turnsCut + 1)) <= most) Cut += _turns[_turnsCut++];
            IsMoved = _turnsCut > before;
        }

        /// <summary>What the provider would have counted without the tokens that are cut off.</summary>
        /// <param name="isMoved">The cache has the first prompt only.</param>
        public UsageCounts Shorter(in UsageCounts counts, bool isMoved)
        {
            var (input, fresh) = (counts.InputTokens - Cut, Math.Max(0, counts.InputTokens - counts.CacheReadTokens - counts.CacheWriteTokens));
            var read = isMoved ? Math.Min(counts.CacheReadTokens, _first) : Math.Max(0, counts.CacheReadTokens - Cut);
            var written = isMoved
                ? _isWritten ? Math.Max(0, input - read - fresh) : 0
                : Math.Min(counts.CacheWriteTokens, input - Math.Min(read, input));
            return counts with { InputTokens = input, CacheReadTokens = Math.Min(read, input), CacheWriteTokens = written };
        }
    }
}
