using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway;

/// <summary>The purpose of a request as its caller states it in <c>Tieout-*</c> headers.</summary>
internal readonly record struct Tags(string? Project, string? Feature, string? User, string? Workflow, string? Operation, string? Trigger, int AttemptNo)
{
    public const string RetryTrigger = "retry";

    /// <summary>Far more attempts than any client makes.</summary>
    private const int AttemptNoMax = 1_000;

    /// <returns>Null: the tags are valid. A tag that is not a valid name is refused, because spend without it would have no owner.</returns>
    public static GatewayRefusal? Read(IHeaderDictionary headers, out Tags tags)
    {
        tags = default;
        if (Read(headers, "Tieout-Project", out var project) is { } badProject) return badProject;
        if (Read(headers, "Tieout-Feature", out var feature) is { } badFeature) return badFeature;
        if (Read(headers, "Tieout-User", out var user) is { } badUser) return badUser;
        if (Read(headers, "Tieout-Workflow", out var workflow) is { } badWorkflow) return badWorkflow;
        if (Read(headers, "Tieout-Operation", out var operation) is { } badOperation) return badOperation;
        if (Read(headers, "Tieout-Trigger", out var trigger) is { } badTrigger) return badTrigger;

        // step 1: the SDKs of OpenAI and Anthropic count their retries here; the other tags are the same on every try.
        var retries = headers.TryGetValue("x-stainless-retry-count", out var count) && int.TryParse(count, out var number) && number is > 0 and < AttemptNoMax
            ? number : 0;
        var attempt = Math.Max(
            retries + 1, headers.TryGetValue("Tieout-Attempt", out var given) && int.TryParse(given, out var no) && no is > 0 and <= AttemptNoMax ? no : 1);
        tags = new(project, feature, user, workflow, operation ?? OfIdempotencyKey(headers), attempt > 1 ? RetryTrigger : trigger, attempt);
        return null;
    }

    /// <summary>Requests with the same idempotency key are one operation. A key that is not a valid name counts under its hash.</summary>
    private static string? OfIdempotencyKey(IHeaderDictionary headers)
    {
        if (!headers.TryGetValue("Idempotency-Key", out var values) || values.ToString() is not { Length: > 0 } key) return null;
        return Names.IsValid(key) ? key : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16))}";
    }

    private static GatewayRefusal? Read(IHeaderDictionary headers, string name, out string? tag)
    {
        tag = null;
        if (!headers.TryGetValue(name, out var values)) return null;
        if (values.Count != 1 || !Names.IsValid(values[0]))
        {
            return new(ApiError.HeaderInvalid,
                $"{name} must be one name of 1 to {Names.LengthMax} letters, digits or _ . : @ / + -, beginning with a letter or digit.", name);
        }

        tag = values[0];
        return null;
    }
}
