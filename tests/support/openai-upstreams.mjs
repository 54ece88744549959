// Two servers that speak OpenAI's protocol, for the gate to stand in front of: one of our own, which does what the model that it is
// asked for is named after, and one that others wrote, which answers whoever has its key.
//
//   node tests/support/openai-upstreams.mjs
//
// prints one line of JSON, {"planned": <base URL>, "foreign": <base URL>, "foreign_key": ...}, and ends when its standard input closes.
//
// Of our own each call must be signed (https://www.standardwebhooks.com) by a secret that was told to `POST /secrets` beside its base URL;
// `GET /calls` tells what it was sent. Its models:
//
//   parrot   says what it was told, word by word where it streams
//   slow     the same, but after the first word it waits for `release`
//   endless  says its first word until nobody listens
//   breaks   breaks off in the middle of its answer
//   fails    answers 500
//   busy     answers 429 when a project calls it for the first time

import { EventEmitter, once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LLMock } from "@copilotkit/aimock";
import { Webhook } from "standardwebhooks";
import { listen } from "./listen.mjs";

/** What the foreign one wants to see, and what it says to whoever shows it. */
export const FOREIGN_KEY = "sk-of-somebody-else";
export const FOREIGN_WORDS = "Good morning, says a server of somebody else's.";
const FOREIGN_USAGE = { prompt_tokens: 5, completion_tokens: 11, total_tokens: 16, input_tokens: 5, output_tokens: 11 };

const FAILURE = { message: "the model has failed", type: "server_error", param: null, code: null };

const usageOf = (words) => ({ prompt_tokens: 3, completion_tokens: words.length, total_tokens: 3 + words.length });

/** For each path: what was told, the answer as a whole, and as events. */
const PATHS = {
  "/v1/chat/completions": {
    told: ({ messages }) => messages.at(-1).content,
    whole: (head, words) => {
      const message = { role: "assistant", content: words.join("") };
      return { ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }], usage: usageOf(words) };
    },
    events: (head, words, { stream_options }) => {
      const chunk = (choices, more) => ({ ...head, object: "chat.completion.chunk", choices, ...more });
      const choice = (delta, finish_reason = null) => chunk([{ index: 0, delta, finish_reason }]);
      const usage = stream_options?.include_usage ? [chunk([], { usage: usageOf(words) })] : [];
      return [...words.map((content) => choice({ role: "assistant", content })), choice({}, "stop"), ...usage, "[DONE]"];
    },
  },
  "/v1/completions": {
    told: ({ prompt }) => prompt,
    whole: (head, words) => {
      const choices = [{ index: 0, text: words.join(""), finish_reason: "stop", logprobs: null }];
      return { ...head, object: "text_completion", choices, usage: usageOf(words) };
    },
    events: (head, words, { stream_options }) => {
      const chunk = (choices, more) => ({ ...head, object: "text_completion", choices, ...more });
      const usage = stream_options?.include_usage ? [chunk([], { usage: usageOf(words) })] : [];
      return [...words.map((text) => chunk([{ index: 0, text, finish_reason: null, logprobs: null }])), ...usage, "[DONE]"];
    },
  },
  "/v1/embeddings": {
    told: ({ input }) => [input].flat().join(" "),
    // Of each text its length, and that it is one; in the form that the clients ask for.
    whole: ({ model }, words, { input, encoding_format }) => {
      const vectors = [input].flat().map((text) => Float32Array.of(text.length, 1));
      const form = (vector) => (encoding_format === "base64" ? Buffer.from(vector.buffer).toString("base64") : [...vector]);
      const data = vectors.map((vector, index) => ({ object: "embedding", index, embedding: form(vector) }));
      return { object: "list", model, data, usage: { prompt_tokens: words.length, total_tokens: words.length } };
    },
  },
  "/v1/responses": {
    told: ({ input }) => input,
    whole: (head, words) => {
      const content = [{ type: "output_text", text: words.join(""), annotations: [] }];
      const output = [{ type: "message", id: "msg-1", role: "assistant", status: "completed", content }];
      const usage = { input_tokens: 3, output_tokens: words.length, total_tokens: 3 + words.length };
      return { ...head, object: "response", created_at: head.created, status: "completed", output, usage };
    },
    events: (head, words) => [
      ...words.map((delta) => ({ type: "response.output_text.delta", item_id: "msg-1", output_index: 0, content_index: 0, delta })),
      { type: "response.completed", response: PATHS["/v1/responses"].whole(head, words) },
    ],
  },
};

const framed = (event) => `${event.type ? `event: ${event.type}\n` : ""}data: ${event === "[DONE]" ? event : JSON.stringify(event)}\n\n`;

function json(response, status, value, headers = {}) {
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(value));
}

/** Starts ours. `calls` is what it was sent and `secrets` who may send it; `release` lets go on what is slow. */
export async function startPlanned() {
  const [calls, secrets, held] = [[], [], new EventEmitter()];

  const isSigned = (body, headers) =>
    secrets.some((secret) => {
      try {
        return new Webhook(secret).verify(body, headers);
      } catch {
        return false;
      }
    });

  async function speak(response, { path: asked, headers, body }) {
    const { told, whole, events } = PATHS[asked];
    const words = told(body).split(/(?<= )/);
    const head = { id: `planned-${calls.length}`, created: Math.floor(Date.now() / 1000), model: body.model };
    const project = headers["tenantry-project"];
    const isFirst = calls.filter((call) => call.body.model === "busy" && call.headers["tenantry-project"] === project).length === 1;
    if (body.model === "fails") return json(response, 500, { error: FAILURE });
    if (body.model === "busy" && isFirst) return json(response, 429, { error: { message: "the model is busy" } }, { "Retry-After": "1" });
    if (!body.stream) {
      const answer = whole(head, words, body);
      if (body.model !== "breaks") return json(response, 200, answer);
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
      return response.write('{"id": "cut', () => response.destroy());
    }
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (const [index, event] of events(head, words, body).entries()) {
      if (index === 1 && body.model === "slow") await once(held, "release");
      while (body.model === "endless" && !response.destroyed) {
        response.write(framed(event));
        await sleep(20);
      }
      if (index === 1 && body.model === "breaks") return response.destroy();
      // The next goes out when this one has, so that what breaks off does so behind a whole event.
      await new Promise((sent) => response.write(framed(event), sent));
    }
    response.end();
  }

  const server = await listen(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.url === "/calls") return json(response, 200, calls);
    if (request.url === "/secrets") return json(response, 201, secrets.push(body.toString()));
    if (!PATHS[request.url]) return json(response, 404, { error: { message: "there is nothing here" } });
    if (!isSigned(body, request.headers)) return json(response, 401, { error: { message: "this is not signed" } });
    const call = { path: request.url, headers: request.headers, body: JSON.parse(body.toString()) };
    calls.push(call);
    await speak(response, call);
  });
  return { url: `${server.url}/v1`, calls, secrets, release: () => held.emit("release"), stop: server.stop };
}

/** Starts the foreign one, https://github.com/CopilotKit/aimock, for whoever has the key; without one for everybody. */
export async function startForeign(key) {
  const server = new LLMock({ port: 0, host: "127.0.0.1", chunkSize: 7, ...(key && { auth: { apiKeys: [key] } }) });
  server.onMessage(/./, { content: FOREIGN_WORDS, usage: FOREIGN_USAGE });
  await server.start();
  return { url: `${server.url}/v1`, stop: () => server.stop() };
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [planned, foreign] = await Promise.all([startPlanned(), startForeign(FOREIGN_KEY)]);
  console.log(JSON.stringify({ planned: planned.url, foreign: foreign.url, foreign_key: FOREIGN_KEY }));
  process.stdin.on("close", () => process.exit(0)).resume();
}
