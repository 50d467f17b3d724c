using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tieout.Simulator.Provider;

/// <summary>Writes bodies and events as providers do.</summary>
internal static class SimulatedJson
{
    // Providers do not escape for HTML, and the bytes are never a page. Not validated: usage-twice writes a name twice.
    private static readonly JsonWriterOptions AsProvidersWrite = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>One object, without ending the part.</summary>
    public static void WriteObject(this RenderedAnswer rendered, Action<Utf8JsonWriter> members)
    {
        using var json = new Utf8JsonWriter(rendered.Bytes, AsProvidersWrite);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
    }

    /// <summary>One object that is the whole body.</summary>
    public static void WriteBody(this RenderedAnswer rendered, Action<Utf8JsonWriter> members)
    {
        rendered.WriteObject(members);
        rendered.EndPart();
    }

    /// <summary>A server-sent event with one object as its data.</summary>
    /// <param name="name">Null: no <c>event:</c> line.</param>
    public static void WriteEvent(this RenderedAnswer rendered, string? name, Action<Utf8JsonWriter> members)
    {
        if (name is not null) Encoding.UTF8.GetBytes($"event: {name}\n", rendered.Bytes);
        rendered.Bytes.Write("data: "u8);
        rendered.WriteObject(members);
        rendered.Bytes.Write("\n\n"u8);
        rendered.EndPart();
    }

    public static void WriteObject(this Utf8JsonWriter json, string property, Action<Utf8JsonWriter> members)
    {
        json.WriteStartObject(property);
        members(json);
        json.WriteEndObject();
    }

    /// <summary>An array of one object.</summary>
    public static void WriteOnly(this Utf8JsonWriter json, string property, Action<Utf8JsonWriter> members)
    {
        json.WriteStartArray(property);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    public static void WriteEmptyArray(this Utf8JsonWriter json, string property)
    {
        json.WriteStartArray(property);
        json.WriteEndArray();
    }

    public static void WriteEmptyObject(this Utf8JsonWriter json, string property)
    {
        json.WriteStartObject(property);
        json.WriteEndObject();
    }

    /// <summary>The usage of a body that is not a stream, as often as the faults say.</summary>
    public static void WriteUsageOf(this Utf8JsonWriter json, SimulatedAnswer answer, Action<Utf8JsonWriter, SimulatedUsage> write)
    {
        if (answer.Faults.NoUsage) return;

        // The same name twice is legal JSON; what readers make of it is for them to get right.
        if (answer.Faults.UsageTwice) write(json, answer.Usage.HalfWay());
        write(json, answer.Usage);
    }
}
