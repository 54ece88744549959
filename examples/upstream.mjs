// An upstream to try the gate with: what stands behind a deployment's version, in plain Node and without a model.
//
//   node examples/upstream.mjs
//
//   UPSTREAM_PORT     where it listens on 127.0.0.1, default 8788; 0 takes any free port
//   UPSTREAM_SECRET   the `upstream_secret` of the version (whsec_...), several separated by commas. With it, what is not signed is
//                     refused; without it everybody is answered, as nobody but this machine can call it
//
// `make dev` starts it beside the gate. What each path takes and gives:
//
//   POST /predict               {"x": 2} -> {"y": 4}, and a list of such objects -> a list
//   POST /echo                  a text -> the same in upper case
//   POST /stream                {"x": 3} -> Server-Sent Events {"y": 0}, {"y": 2}, {"y": 4}
//   POST /v1/chat/completions   as OpenAI's, whole or, with "stream": true, in pieces: says what it was told
//   GET /health                 for whoever waits for it

import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

// How long ago a message may have been signed, in seconds, as the libraries of Standard Webhooks have it.
const TOLERANCE = 300;
// Between two events of a stream, in milliseconds, so that somebody who looks can see them come.
const PAUSE = 100;

/** Whether a body was signed by one of the secrets (https://www.standardwebhooks.com): any of the signatures will do. */
export function isSigned(headers, body, secrets, now = Date.now()) {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  if (!id || !/^\d+$/.test(timestamp ?? "") || Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE) return false;
  const signatures = (headers["webhook-signature"] ?? "").split(" ").map((text) => Buffer.from(text));
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
    const expected = Buffer.from(`v1,${mac}`);
    return signatures.some((sent) => sent.length === expected.length && timingSafeEqual(sent, expected));
  });
}

const answerOf = ({ x }) => ({ y: 2 * x });

const PATHS = {
  "GET /health": (_, response) => text(response, "ok"),
  "POST /predict": (body, response) => {
    const input = JSON.parse(body);
    json(response, Array.isArray(input) ? input.map(answerOf) : answerOf(input));
  },
  "POST /echo": (body, response) => text(response, body.toString().toUpperCase()),
  "POST /stream": async (body, response) => {
    const { x } = JSON.parse(body);
    await events(response, Array.from({ length: x }, (_, at) => JSON.stringify(answerOf({ x: at }))));
  },
  "POST /v1/chat/completions": async (body, response) => {
    const { model, messages, stream, stream_options } = JSON.parse(body);
    const words = messages.at(-1).content.split(/(?<= )/);
    const head = { id: "chatcmpl-example", created: Math.floor(Date.now() / 1000), model };
    const usage = { prompt_tokens: words.length, completion_tokens: words.length, total_tokens: 2 * words.length };
    if (!stream) {
      const message = { role: "assistant", content: words.join("") };
      return json(response, { ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }], usage });
    }
    const chunk = (choices, more) => JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...more });
    const choice = (delta, finish_reason = null) => chunk([{ index: 0, delta, finish_reason }]);
    const pieces = [choice({ role: "assistant", content: "" }), ...words.map((content) => choice({ content })), choice({}, "stop")];
    if (stream_options?.include_usage) pieces.push(chunk([], { usage }));
    await events(response, [...pieces, "[DONE]"]);
  },
};

function text(response, value) {
  response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(value);
}

function json(response, value, status = 200) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

async function events(response, values) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  for (const value of values) {
    // Whoever asked has gone: nobody needs the rest.
    if (response.destroyed) return;
    response.write(`data: ${value}\n\n`);
    await sleep(PAUSE);
  }
  response.end();
}

/** Starts it. Without secrets it answers everybody. */
export async function startUpstream({ port = 0, secrets = [] } = {}) {
  const server = createServer(async (request, response) => {
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const answer = PATHS[`${request.method} ${request.url.split("?")[0]}`];
      if (!answer) return json(response, { error: "there is nothing here" }, 404);
      if (request.method === "POST" && secrets.length > 0 && !isSigned(request.headers, body, secrets)) {
        return json(response, { error: "the signature is not by this secret" }, 401);
      }
      await answer(body, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else json(response, { error: error.message }, 400);
    }
  });
  // A connection that ended by itself while the next request is on its way to it would lose that.
  server.keepAliveTimeout = 0;
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const secrets = (process.env.UPSTREAM_SECRET ?? "").split(",").map((secret) => secret.trim()).filter(Boolean);
  try {
    const { url } = await startUpstream({ port: Number(process.env.UPSTREAM_PORT || 8788), secrets });
    console.log(`upstream       ${url}: ${Object.keys(PATHS).map((name) => name.split(" ")[1]).join(" ")}`);
  } catch (error) {
    console.error(`error: the upstream cannot be started: ${error.message}`);
    process.exit(1);
  }
}
