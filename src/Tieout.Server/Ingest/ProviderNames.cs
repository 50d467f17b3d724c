namespace Tieout.Server.Ingest;

/// <summary>OpenTelemetry's names of providers, where the price lists' own names and aliases do not know them or take them for another.</summary>
internal static class ProviderNames
{
    /// <summary>What price lists call <paramref name="provider"/>.</summary>
    public static string? InPriceLists(string? provider) => provider switch
    {
        // It contains "openai", and Azure's prices are its own.
        "azure.ai.openai" or "azure.ai.inference" or "az.ai.openai" or "az.ai.inference" or "azure_openai" => "azure",
        "aws.bedrock" => "aws",
        "gcp.gemini" or "gcp.gen_ai" or "gcp.vertex_ai" or "vertex_ai" or "gemini" => "google",
        "mistral_ai" => "mistral",
        "moonshot_ai" => "moonshotai",
        "x_ai" => "x-ai",
        _ => provider,
    };
}
