namespace Tieout.Simulator.Traffic;

/// <summary>Who sends what to where, before anything is planted.</summary>
internal sealed class TrafficWorld
{
    private static readonly string[] FeatureNames =
        ["chat", "search", "editor", "assistant", "summaries", "code_review", "support", "reports", "translate", "onboarding", "planner", "tagging"];

    private static readonly string[] ToolNames = ["web_search", "run_code", "read_file", "crm_lookup", "send_mail", "query_db"];

    private readonly List<TrafficCell> _cells = [];

    private TrafficWorld(IReadOnlyList<TrafficModel> models) => Models = models;

    public IReadOnlyList<TrafficModel> Models { get; }

    public IReadOnlyList<TrafficCell> Cells => _cells;

    public static TrafficWorld Draw(TrafficOptions options, TrafficRandom random)
    {
        var models = TrafficModel.All.OrderBy(_ => random.Bits()).Take(options.Models).ToList();
        var world = new TrafficWorld(models);
        var features = Enumerable.Range(0, options.Features).Select(i => Feature.Draw(i, models, random)).ToList();
        for (var i = 0; i < options.Orgs; i++)
        {
            var org = Org.Draw(i, random);
            var used = features.Where(_ => random.Chance(0.8)).ToList();
            foreach (var feature in used.Count > 0 ? used : features) world.Add(org, feature, options, random);
        }

        world.Scale(options.RequestsPerHour);
        return world;
    }

    /// <summary>Adds a cell whose volume a change holds at zero until its time has come.</summary>
    public TrafficCell Add(TrafficCell cell)
    {
        _cells.Add(cell);
        return cell;
    }

    public TrafficModel ModelOf(TrafficCell cell) => Models.First(model => model.Name == cell.Labels.Model);

    private void Add(Org org, Feature feature, TrafficOptions options, TrafficRandom random)
    {
        var team = $"{org.Name}-team-{random.Below(options.TeamsPerOrg) + 1}";
        // A second model beside the usual one: a try-out, a cheaper tier, a language.
        var second = random.Chance(0.35) ? random.Pick(Models) : feature.Model;
        var secondShare = random.Ratio(0.1, 0.5);
        var rate = org.Size * feature.Size * random.Ratio(0.4, 2.5);
        for (var key = 1; key <= options.KeysPerTeam; key++)
        {
            // Each key has a share of its own.
            var keyRate = rate * random.Ratio(0.3, 3) / options.KeysPerTeam;
            foreach (var model in new[] { feature.Model, second }.Distinct())
            {
                var share = ReferenceEquals(second, feature.Model) ? 1 : ReferenceEquals(model, second) ? secondShare : 1 - secondShare;
                _cells.Add(feature.CellOf(new(org.Name, team, feature.Name, $"{team}-key-{key}", model.Provider, model.Name), model) with
                {
                    Rate = keyRate * share,
                    Users = Math.Max(3, (int)(org.Size * 40 * feature.Size)),
                    Behind = org.Behind,
                    Weekend = org.Weekend,
                    Discount = org.Discount,
                });
            }
        }
    }

    private void Scale(double requestsPerHour)
    {
        var factor = requestsPerHour / _cells.Sum(cell => cell.Rate);
        for (var i = 0; i < _cells.Count; i++)
        {
            _cells[i] = _cells[i] with { Rate = _cells[i].Rate * factor, Users = Math.Max(3, (int)(_cells[i].Users * Math.Sqrt(factor))) };
        }
    }

    private sealed record Org(string Name, double Size, int Behind, double Weekend, double Discount)
    {
        public static Org Draw(int index, TrafficRandom random) => new(
            $"org-{index + 1}",
            // Zipf with noise: the first has about half of everything.
            random.Ratio(0.6, 1.6) / Math.Pow(index + 1, 0.8),
            random.Pick([0, 0, -1, -1, 5, 8, -9]),
            random.Between(0.3, 0.9),
            random.Chance(0.25) ? random.Pick([0.5, 0.8, 0.9]) : 1);
    }

    private sealed record Feature(string Name, double Size, TrafficModel Model, TrafficCell Like)
    {
        public static Feature Draw(int index, IReadOnlyList<TrafficModel> models, TrafficRandom random)
        {
            var (isAgent, isEditor, caches) = (random.Chance(0.4), random.Chance(0.4), random.Chance(0.75));
            var read = caches ? random.Between(0.3, 0.8) : 0;
            var like = new TrafficCell
            {
                Labels = new("", "", "", "", "", ""),
                Rate = 0,
                Users = 0,
                IsAgent = isAgent,
                Input = isAgent ? random.Ratio(3_000, 20_000) : random.Ratio(600, 5_000),
                Output = isAgent ? random.Ratio(80, 600) : random.Ratio(30, 900),
                CacheRead = read,
                CacheWrite = caches ? random.Between(0.03, 0.12) : 0,
                Reasoning = random.Between(0.5, 2),
                Retry = random.Between(0.005, 0.04),
                Undo = isEditor ? random.Between(0.05, 0.25) : 0,
                AutoSave = isEditor ? random.Between(0.2, 0.8) : 0,
                Tool = isAgent || random.Chance(0.2) ? ToolNames[index % ToolNames.Length] + (index < ToolNames.Length ? "" : $"_{index}") : null,
                ToolUse = random.Between(0.3, 0.9),
                ToolFailure = random.Between(0.01, 0.05),
            };
            var name = FeatureNames[index % FeatureNames.Length] + (index < FeatureNames.Length ? "" : $"_{index}");
            return new(name, random.Ratio(0.2, 3), random.Pick(models), like);
        }

        public TrafficCell CellOf(TrafficLabels labels, TrafficModel model) => Like with { Labels = labels, Reasoning = model.Reasons ? Like.Reasoning : 0 };
    }
}
