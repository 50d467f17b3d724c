import Anthropic from "@anthropic-ai/sdk";
import { costOf, counting, expect, failure, key, operationOf, poorKey, saw, url } from "./seen.mjs";

// This client adds /v1/messages itself.
const connect = (options = {}) => new Anthropic({ baseURL: url, apiKey: key, authToken: null, maxRetries: 2, ...options });
const client = connect();
const sim = (prompt, completion, more = {}) => ({ headers: { "X-Sim-Prompt-Tokens": `${prompt}`, "X-Sim-Completion-Tokens": `${completion}`, ...more } });
const hello = { model: "claude-sonnet-4-5", max_tokens: 400, messages: [{ role: "user", content: "What does tie out mean?" }] };
const weather = { name: "get_weather", input_schema: { type: "object", properties: {} } };

/** Our totals include what came from and went to the cache; theirs are disjoint. */
const counts = (usage) => ({
  input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
  output: usage.output_tokens,
  cached: usage.cache_read_input_tokens ?? 0,
});

async function messages() {
  const { data, response } = await client.messages.create(hello, sim(300, 50, { "X-Sim-Cached-Tokens": "120", "X-Sim-Cache-Write-5m-Tokens": "80" })).withResponse();
  saw("message", { operation: operationOf(response), attempts: 1, ...counts(data.usage), cost: costOf(response) });
}

async function stream() {
  const events = client.messages.stream(hello, sim(301, 51, { "X-Sim-Cached-Tokens": "121", "Tieout-Operation": "anthropic-stream" }));
  const final = await events.finalMessage();
  expect(final.content[0].text.length, 204, "four bytes a token");
  saw("message stream", { operation: "anthropic-stream", attempts: 1, ...counts(final.usage) });
}

async function tools() {
  const { data, response } = await client.messages.create({ ...hello, tools: [weather] }, sim(80, 20, { "X-Sim-Tool": "get_weather" })).withResponse();
  expect([data.stop_reason, data.content[0].name], ["tool_use", "get_weather"], "the tool that is called");
  saw("tool", { operation: operationOf(response), attempts: 1, ...counts(data.usage), cost: costOf(response) });
}

async function countTokens() {
  const { input_tokens } = await client.messages.countTokens({ model: hello.model, messages: hello.messages });
  expect(input_tokens > 0, true, "tokens are counted");
}

async function errors() {
  const missing = await failure(client.messages.create({ ...hello, model: "no-such-model" }));
  expect([missing instanceof Anthropic.NotFoundError, missing.error.type, missing.error.error.type], [true, "error", "not_found_error"], "a model that is not offered");
  const stranger = await failure(connect({ apiKey: "tk-stranger" }).messages.create(hello));
  expect([stranger instanceof Anthropic.AuthenticationError, stranger.error.error.type], [true, "authentication_error"], "a key that is not known");
  const calls = counting();
  const poor = await failure(connect({ apiKey: poorKey, fetch: calls }).messages.create(hello));
  expect([poor.status, calls.calls], [402, 1], "an org without money");
}

async function retries() {
  const limited = counting({ "X-Sim-Fault": "429" }, (call) => call === 1);
  const { data, response } = await connect({ fetch: limited }).messages.create(hello, sim(70, 15, { "Tieout-Operation": "anthropic-429" })).withResponse();
  expect(limited.calls, 2, "tried again");
  saw("429, then answered", { operation: operationOf(response), attempts: 2, ...counts(data.usage), cost: costOf(response) });
}

await Promise.all([messages(), stream(), tools(), countTokens(), errors(), retries()]);
