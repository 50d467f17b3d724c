using System.Buffers;
using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <param name="CreatedUnixSeconds">UTC.</param>
internal sealed record KeptFile(string Id, string Name, string Purpose, long CreatedUnixSeconds, byte[] Bytes);

/// <summary>OpenAI files: what batches read and write. Free.</summary>
internal sealed class OpenAiFiles(KeptThings<KeptFile> files, SimulatedGenerator generator) : OpenAiResource
{
    public override bool Answers(string method, string path) => (method, path.Split('/')) switch
    {
        ("POST", [.., "files"]) => true,
        ("GET" or "DELETE", [.., "files", _]) => true,
        ("GET", [.., "files", _, "content"]) => true,
        _ => false,
    };

    public override string EndpointOf(string path) => path.Split('/') switch
    {
        [.., "content"] => "files/{id}/content",
        [.., "files"] => "files",
        _ => "files/{id}",
    };

    public override int Answer(string method, SimulatedInput input, RenderedAnswer rendered)
    {
        if (method == "POST")
        {
            var form = MultipartForm.Read(input);
            var (name, bytes) = form.File("file");
            var uploaded = Keep(name, form.Text("purpose") ?? throw new SimulatedRequestException("Missing required parameter: 'purpose'.", "purpose"), bytes);
            rendered.WriteBody(json => WriteFile(json, uploaded));
            return 200;
        }

        var path = input.Path.Split('/');
        var content = path[^1] == "content";
        var id = content ? path[^2] : path[^1];
        if (!files.TryGet(id, out var file)) return NotFound(id, rendered);
        if (method == "DELETE")
        {
            files.Remove(id);
            rendered.WriteBody(json =>
            {
                json.WriteString("id"u8, id);
                json.WriteString("object"u8, "file"u8);
                json.WriteBoolean("deleted"u8, true);
            });
        }
        else if (content)
        {
            rendered.ContentType = "application/octet-stream";
            rendered.Bytes.Write(file.Bytes);
            rendered.EndPart();
        }
        else
        {
            rendered.WriteBody(json => WriteFile(json, file));
        }

        return 200;
    }

    public KeptFile? Find(string id) => files.TryGet(id, out var file) ? file : null;

    public KeptFile Keep(string name, string purpose, byte[] bytes)
    {
        var file = new KeptFile($"file-{generator.NextId()}", name, purpose, generator.NowUnixSeconds, bytes);
        files.Add(file.Id, file);
        return file;
    }

    private static void WriteFile(Utf8JsonWriter json, KeptFile file)
    {
        json.WriteString("id"u8, file.Id);
        json.WriteString("object"u8, "file"u8);
        json.WriteNumber("bytes"u8, file.Bytes.Length);
        json.WriteNumber("created_at"u8, file.CreatedUnixSeconds);
        json.WriteString("filename"u8, file.Name);
        json.WriteString("purpose"u8, file.Purpose);
        json.WriteString("status"u8, "processed"u8);
    }
}
