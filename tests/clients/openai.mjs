import OpenAI from "openai";
import { costOf, counting, expect, failure, key, operationOf, poorKey, saw, url } from "./seen.mjs";

const connect = (options = {}) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 2, ...options });
const client = connect();
const sim = (prompt, completion, more = {}) => ({ headers: { "X-Sim-Prompt-Tokens": `${prompt}`, "X-Sim-Completion-Tokens": `${completion}`, ...more } });
const hello = { model: "gpt-4o-mini", max_tokens: 400, messages: [{ role: "user", content: "What does tie out mean?" }] };
const weather = { type: "function", name: "get_weather", parameters: { type: "object", properties: {} } };

async function chat() {
  const { data, response } = await client.chat.completions.create(hello, sim(120, 30, { "X-Sim-Cached-Tokens": "100" })).withResponse();
  saw("chat", { operation: operationOf(response), attempts: 1, input: data.usage.prompt_tokens, output: data.usage.completion_tokens, cached: data.usage.prompt_tokens_details.cached_tokens, cost: costOf(response) });
}

async function chatStream(asked) {
  const options = asked ? { stream_options: { include_usage: true } } : {};
  const { data, response } = await client.chat.completions.create({ ...hello, stream: true, ...options }, sim(200, 40)).withResponse();
  let text = "";
  let usage = null;
  for await (const chunk of data) {
    text += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  expect(text.length, 160, "four bytes a token");
  expect(usage !== null, asked, "usage is shown to whom asked for it");
  saw(`chat stream, usage ${asked ? "asked for" : "not asked for"}`, { operation: operationOf(response), attempts: 1, input: usage?.prompt_tokens ?? 200, output: usage?.completion_tokens ?? 40 });
}

async function tools() {
  const request = { ...hello, tools: [{ type: "function", function: weather }] };
  const { data, response } = await client.chat.completions.create(request, sim(80, 20, { "X-Sim-Tool": "get_weather" })).withResponse();
  const [call] = data.choices[0].message.tool_calls;
  expect([call.function.name, typeof JSON.parse(call.function.arguments)], ["get_weather", "object"], "the tool that is called");
  saw("tool", { operation: operationOf(response), attempts: 1, input: data.usage.prompt_tokens, output: data.usage.completion_tokens, cost: costOf(response) });

  const stream = client.chat.completions.stream(request, sim(81, 21, { "X-Sim-Tool": "get_weather", "Tieout-Operation": "openai-tool-stream" }));
  const final = await stream.finalChatCompletion();
  expect(final.choices[0].message.tool_calls[0].function.name, "get_weather", "the tool that is called in a stream");
  saw("tool stream", { operation: "openai-tool-stream", attempts: 1, input: 81, output: 21 });
}

async function embeddings() {
  const { data, response } = await client.embeddings.create({ model: "text-embedding-3-small", input: ["one", "two"] }, sim(64, 0)).withResponse();
  expect([data.data.length, data.data[0].embedding.length > 0], [2, true], "embeddings");
  saw("embeddings", { operation: operationOf(response), attempts: 1, input: data.usage.prompt_tokens, output: 0, cost: costOf(response) });
}

async function responses() {
  const request = { model: "gpt-4o-mini", input: "What does tie out mean?", max_output_tokens: 400 };
  const { data, response } = await client.responses.create(request, sim(90, 25)).withResponse();
  saw("response", { operation: operationOf(response), attempts: 1, input: data.usage.input_tokens, output: data.usage.output_tokens, cost: costOf(response) });

  const streamed = await client.responses.create({ ...request, stream: true }, sim(91, 26)).withResponse();
  let usage = null;
  for await (const event of streamed.data) if (event.type === "response.completed") usage = event.response.usage;
  saw("response stream", { operation: operationOf(streamed.response), attempts: 1, input: usage.input_tokens, output: usage.output_tokens });
}

async function errors() {
  const missing = await failure(client.chat.completions.create({ ...hello, model: "no-such-model" }));
  expect([missing instanceof OpenAI.NotFoundError, missing.code, missing.param], [true, "model_not_found", "model"], "a model that is not offered");
  const stranger = await failure(connect({ apiKey: "tk-stranger" }).chat.completions.create(hello));
  expect([stranger instanceof OpenAI.AuthenticationError, stranger.code], [true, "invalid_api_key"], "a key that is not known");
  const wrong = await failure(client.chat.completions.create({ ...hello, n: -1 }));
  expect([wrong instanceof OpenAI.BadRequestError, wrong.param], [true, "n"], "a parameter that is wrong");

  // 402 is no error of the network: the client must not try it again.
  const calls = counting();
  const poor = await failure(connect({ apiKey: poorKey, fetch: calls }).chat.completions.create(hello));
  expect([poor.status, poor.code, calls.calls], [402, "insufficient_balance", 1], "an org without money");
}

async function retries() {
  const limited = counting({ "X-Sim-Fault": "429" }, (call) => call === 1);
  const started = Date.now();
  const { data, response } = await connect({ fetch: limited }).chat.completions.create(hello, sim(70, 15, { "Tieout-Operation": "openai-429" })).withResponse();
  expect([limited.calls, Date.now() - started >= 900], [2, true], "Retry-After is kept to");
  saw("429, then answered", { operation: operationOf(response), attempts: 2, input: data.usage.prompt_tokens, output: data.usage.completion_tokens, cost: costOf(response) });

  const broken = counting({ "X-Sim-Fault": "500" }, (call) => call === 1);
  const again = await connect({ fetch: broken }).chat.completions.create(hello, sim(71, 16, { "Tieout-Operation": "openai-500" })).withResponse();
  saw("500, then answered", { operation: operationOf(again.response), attempts: 2, input: again.data.usage.prompt_tokens, output: again.data.usage.completion_tokens, cost: costOf(again.response) });
}

await Promise.all([chat(), chatStream(false), chatStream(true), tools(), embeddings(), responses(), errors(), retries()]);
