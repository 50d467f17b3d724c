import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { key, saw, url } from "./seen.mjs";

const kept = new InMemorySpanExporter();
const tracing = new BasicTracerProvider({ resource: resourceFromAttributes({ "service.name": "worker" }), spanProcessors: [new SimpleSpanProcessor(kept)] });
const tracer = tracing.getTracer("tieout-clients");

const agent = tracer.startSpan("invoke_agent planner", { kind: SpanKind.INTERNAL, attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": 999 } });
const inside = trace.setSpan(ROOT_CONTEXT, agent);
for (const [operation, model, input, output] of [["chat", "gpt-4o-mini", 1000, 200], ["embeddings", "text-embedding-3-small", 500, 0]]) {
  const span = tracer.startSpan(`${operation} ${model}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      "gen_ai.operation.name": operation, "gen_ai.provider.name": "openai", "gen_ai.request.model": model, "gen_ai.response.model": model,
      "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output, "gen_ai.prompt": "nobody's business",
    },
  }, inside);
  span.setStatus({ code: SpanStatusCode.OK });
  span.end();
  saw(`span ${operation}`, { span: span.spanContext().spanId, trace: span.spanContext().traceId, input, output });
}
agent.end();

// Sent twice, as an exporter does that has not seen the answer: it counts once.
const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces`, headers: { Authorization: `Bearer ${key}` } });
for (let time = 0; time < 2; time++) {
  await new Promise((done, failed) => exporter.export(kept.getFinishedSpans(), (result) => (result.code === 0 ? done() : failed(result.error ?? new Error("The export failed.")))));
}
await exporter.shutdown();
