using System.CommandLine;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>packet --dispute ID --to FILE.zip</c></summary>
internal static class PacketCommand
{
    private const string VerdictFile = "verdict.json";

    public static Command Build(Globals globals)
    {
        var dispute = new Option<string>("--dispute")
        {
            Required = true,
            HelpName = "USAGE_ID|OPERATION|INVOICE_LINE",
            Description = "The disputed item: a usage id, an operation, or an invoice and its line such as INV-000001:3 (with --org).",
        };
        var to = new Option<string>("--to") { Required = true, Description = "The zip to write. An existing file is kept.", HelpName = "FILE.zip" };
        var org = new Option<string?>("--org") { Description = "Default: the first org that has it.", HelpName = "ORG" };
        var force = new Option<bool>("--force") { Description = "Replace an existing file." };
        var command = new Command(
            "packet", "Save the review packet of a dispute: page, rows, trace, billing slice, policies, envelopes and a chain proof that an outsider can check.")
        {
            dispute, to, org, force,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var (target, isForced) = (call.Get(to), call.Get(force));
            if (File.Exists(target) && !isForced) throw Exists(target);
            string[] path = call.Get(org) is { } named ? ["orgs", named, "packets"] : ["packets"];
            using var zip = new MemoryStream();
            await api.CopyAsync(ApiClient.Path(path, ("dispute", call.Get(dispute))), zip, cancellationToken);
            await WriteAsync(zip, target, isForced, cancellationToken);
            var saved = Read(zip, target);
            await call.AnswerAsync(saved, PacketCommandJson.Default.SavedPacket, (packet, text) => text.WriteLineAsync(
                $"{packet.File}: {(packet.FirstBreak is { } broken ? $"the first break is {broken}" : "no break was found")}. Read README.txt in it first."));
            return ExitCode.Ok;
        });
    }

    /// <summary>Writes a file beside the target first: a full disk leaves no half of a packet, and the file that <c>--force</c> replaces stays whole.</summary>
    private static async Task WriteAsync(MemoryStream zip, string target, bool isForced, CancellationToken cancellationToken)
    {
        var part = target + ".part";
        try
        {
            await using (var file = PrivateFiles.Open(part, FileMode.Create, FileAccess.Write))
            {
                zip.Position = 0;
                await zip.CopyToAsync(file, cancellationToken);
            }

            File.Move(part, target, overwrite: isForced);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(part)) File.Delete(part);
            throw new CommandFailedException(ExitCode.Usage, $"{target} cannot be written: {e.Message}", inner: e);
        }
    }

    private static SavedPacket Read(MemoryStream zip, string target)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(zip.GetBuffer().AsSpan(0, (int)zip.Length)));
        zip.Position = 0;
        using var archive = new ZipArchive(zip, ZipArchiveMode.Read, leaveOpen: true);
        using var verdict = JsonDocument.Parse(archive.GetEntry(VerdictFile)!.Open());
        return new(target, sha256, verdict.RootElement.GetProperty("org").GetString()!, verdict.RootElement.GetProperty("first_break").GetString());
    }

    private static CommandFailedException Exists(string target) =>
        new(ExitCode.Usage, $"{target} exists. Choose another name, or replace it with --force.", "file_exists");
}

/// <param name="Sha256">Of the zip.</param>
/// <param name="FirstBreak">P1, P2 or P3; null: none was found.</param>
internal sealed record SavedPacket(string File, string Sha256, string Org, string? FirstBreak);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SavedPacket))]
internal sealed partial class PacketCommandJson : JsonSerializerContext;
