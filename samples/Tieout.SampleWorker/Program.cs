// Three sides of a queue: a front end that asks for an envelope with a tenant's key, a hop between two queues, and two workers that spend under the envelope
// with their own keys: what the first tries in vain the second goes on with.
//   TIEOUT_URL            the gateway, such as http://127.0.0.1:4080
//   TIEOUT_TENANT_KEY     a key of the tenant with the scope envelopes
//   TIEOUT_WORKER_KEY     a worker's key that may act for the tenant, with the scopes inference and envelopes
//   TIEOUT_OTHER_WORKER   another one; default: the same key
//   REWRITE               for example acme=beta: the hop is malicious and writes another tenant into the envelope
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Tieout.Client;
using Tieout.SampleWorker;

var url = new Uri(Variable("TIEOUT_URL"));
var (first, second, third) = (Channel.CreateBounded<Message>(100), Channel.CreateBounded<Message>(100), Channel.CreateBounded<Message>(100));

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
    await first.Writer.WriteAsync(
        new("message-1", headers, """{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Say hello."}],"max_tokens":20}"""));
    first.Writer.Complete();
}

// The hop. It should know nothing.
var change = Environment.GetEnvironmentVariable("REWRITE")?.Split('=') is [var from, var to] ? Hop.RewriteTenant(from, to) : Hop.Honest;
await new Hop(first.Reader, second.Writer, change).RunAsync(CancellationToken.None);

// The workers. They know the message only.
using var one = Gateway(Variable("TIEOUT_WORKER_KEY"));
using var other = Gateway(Environment.GetEnvironmentVariable("TIEOUT_OTHER_WORKER") ?? Variable("TIEOUT_WORKER_KEY"));
await new Worker(one, second.Reader, third.Writer).RunAsync(Print, CancellationToken.None);
await new Worker(other, third.Reader, name: "retry-queue").RunAsync(Print, CancellationToken.None);

HttpClient Gateway(string key)
{
    var gateway = new HttpClient(new EnvelopeHandler(url) { InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false } }) { BaseAddress = url };
    gateway.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    return gateway;
}

static void Print(HttpResponseMessage response) =>
    Console.WriteLine($"{(int)response.StatusCode} operation {OperationContext.From(response).Operation}");

static string Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"Set {name}.");
