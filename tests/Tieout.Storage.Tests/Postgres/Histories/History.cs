using System.Collections.Concurrent;
using Tieout.Core.Ledger;

namespace Tieout.Storage.Tests.Postgres.Histories;

/// <summary>The answer to one sending of one item.</summary>
internal enum Told
{
    /// <summary>Recorded now.</summary>
    Done = 1,

    /// <summary>Recorded before, with this content.</summary>
    Replayed,

    /// <summary>Recorded before, with other content.</summary>
    Conflict,

    /// <summary>The store failed, and nothing was recorded.</summary>
    Nothing,

    /// <summary>The store failed, and whether it was recorded is not known.</summary>
    Unknown,
}

/// <summary>What was sent and what was answered, and whether both agree with what is in the ledger at the end.</summary>
internal sealed class History
{
    private readonly ConcurrentQueue<(int Id, long Amount, Told Told)> _sent = new();
    private readonly ConcurrentQueue<string> _seen = new();

    public int Count => _sent.Count;

    public void Add(int id, long amount, Told told) => _sent.Enqueue((id, amount, told));

    /// <summary>A figure that went back, or the like: wrong whatever the ledger says at the end.</summary>
    public void Wrong(string what) => _seen.Enqueue(what);

    public static Told Of(Outcome outcome) => outcome switch
    {
        Outcome.Done => Told.Done,
        Outcome.Replayed => Told.Replayed,
        _ => Told.Conflict,
    };

    public int Answered(Told told) => _sent.Count(sent => sent.Told == told);

    /// <param name="stored">The amount that the ledger has for each id.</param>
    public IReadOnlyList<string> Broken(IReadOnlyDictionary<int, long> stored)
    {
        var broken = new List<string>(_seen);
        foreach (var item in _sent.GroupBy(sent => sent.Id))
        {
            var (id, answers) = (item.Key, item.ToList());
            long? amount = stored.TryGetValue(id, out var known) ? known : null;
            string Shown() => string.Join(", ", answers.Select(sent => $"{sent.Amount} {sent.Told}"));
            if (answers.Count(sent => sent.Told == Told.Done) > 1) broken.Add($"item {id} was recorded twice: {Shown()}");
            foreach (var sent in answers.Where(sent => sent.Told is Told.Done or Told.Replayed && sent.Amount != amount))
            {
                broken.Add($"item {id}: {sent.Amount} was answered {sent.Told}, and the ledger has {amount?.ToString() ?? "nothing"}: {Shown()}");
            }

            // Somebody who was told 'nothing' for all that he sent of a content must not find it.
            var same = answers.Where(sent => sent.Amount == amount).ToList();
            if (amount is not null && same.TrueForAll(sent => sent.Told is Told.Nothing or Told.Conflict))
            {
                broken.Add($"item {id}: {amount} is in the ledger, and every answer was that nothing was recorded: {Shown()}");
            }

            if (same.Exists(sent => sent.Told == Told.Replayed) && !same.Exists(sent => sent.Told is Told.Done or Told.Unknown))
            {
                broken.Add($"item {id}: {amount} was answered as a replay of something that was never accepted: {Shown()}");
            }

            if (answers.Exists(sent => sent.Told == Told.Conflict) && amount is null) broken.Add($"item {id} conflicts with nothing: {Shown()}");
        }

        return broken;
    }
}
