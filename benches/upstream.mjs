// What stands behind the gate while it is measured, in a process of its own: it answers at once, whatever it is sent. It prints
// `{"url"}` and ends when its standard input closes.
//
//   /bytes/N            a JSON object of N bytes
//   /flow/N             N bytes, as fast as they are taken
//   /late/N             a short JSON object after N milliseconds
//   /events/N           N events, each written by itself, as fast as they go
//   /events/N/PAUSE     the same with so many milliseconds after each

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** @returns {Promise<{url: string, stop: () => Promise<void>}>} */
export async function startUpstream() {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface(child.stdout), "line");
  return {
    url: JSON.parse(line).url,
    stop: async () => {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
    },
  };
}

const texts = new Map();

function text(bytes) {
  if (!texts.has(bytes)) texts.set(bytes, `{"y":1,"text":"${"t".repeat(bytes - 17)}"}`);
  return texts.get(bytes);
}

async function events(response, count, pause) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let event = 0; event < count && !response.destroyed; event++) {
    response.write(`data: {"y":${event}}\n\n`);
    await (pause ? sleep(pause) : nextTurn());
  }
  response.end();
}

async function flow(response, bytes) {
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes });
  const piece = Buffer.alloc(1 << 16, "b");
  for (let left = bytes; left > 0 && !response.destroyed; left -= piece.length) {
    if (!response.write(piece.subarray(0, left))) await once(response, "drain").catch(() => {});
  }
  response.end();
}

async function answer(request, response) {
  const [, kind, count, pause = 0] = request.url.split("/");
  for await (const _ of request);
  if (kind === "flow") return flow(response, Number(count));
  if (kind === "late") await sleep(Number(count));
  if (kind === "events") return events(response, Number(count), Number(pause));
  response.writeHead(200, { "content-type": "application/json" }).end(text(kind === "late" ? 20 : Number(count)));
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const server = createServer(answer);
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
  process.stdin.on("close", () => process.exit(0)).resume();
}
