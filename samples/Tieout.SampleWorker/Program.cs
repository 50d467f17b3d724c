// Two sides of a queue: a front end that asks for an envelope with a tenant's key, and a worker that spends under it with its own.
//   TIEOUT_URL         the gateway, such as http://127.0.0.1:4080
//   TIEOUT_TENANT_KEY  a key of the tenant with the scope envelopes
//   TIEOUT_WORKER_KEY  a worker's key that may act for the tenant, with the scopes inference and envelopes
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Tieout.Client;
using Tieout.SampleWorker;

var url = new Uri(Variable("TIEOUT_URL"));
var queue = Channel.CreateBounded<Message>(100);

// The front end. It knows the tenant.
using (var http = new HttpClient { BaseAddress = url })
{
    http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Variable("TIEOUT_TENANT_KEY"));
    using var body = new StringContent("""{"originator_id":"sample-front-end","workflow_id":"sample"}""", Encoding.UTF8, "application/json");
    using var response = await http.PostAsync(new Uri("/api/v1/envelopes", UriKind.Relative), body);
    response.EnsureSuccessStatusCode();
    using var issued = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
    var headers = new Dictionary<string, string>();
    new OperationContext(issued.RootElement.GetProperty("envelope").GetString()).WriteTo(headers);
    await queue.Writer.WriteAsync(new("message-1", headers, """{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Say hello."}],"max_tokens":20}"""));
    queue.Writer.Complete();
}

// The worker. It knows the message only.
using var gateway = new HttpClient(new EnvelopeHandler(url) { InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false } }) { BaseAddress = url };
gateway.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Variable("TIEOUT_WORKER_KEY"));
await new Worker(gateway, queue.Reader).RunAsync(
    response => Console.WriteLine($"{(int)response.StatusCode} operation {OperationContext.From(response).Operation}"), CancellationToken.None);

static string Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"Set {name}.");
