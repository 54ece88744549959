// The least that accounts for a call of an upstream: a row is read before it, and one is written when its answer has come. No
// credential, no rule, no price, no deadline, no log, and of payloads only those that a row has no room for, where they are to be kept:
// what a gate on this runtime cannot go below.

const READ = "SELECT id FROM projects WHERE name = ?1";
const WRITE = "INSERT INTO bare_requests (id, date) VALUES (?1, ?2)";
/** What is longer is kept beside the database. */
const LONGEST_ROW = 256 * 1024;

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    const body = await request.arrayBuffer();
    await env.DB.batch([env.DB.prepare(READ).bind("vision")]);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(request.headers.get("upstream") + pathname, { method: "POST", headers, body });
    const settle = () => env.DB.batch([env.DB.prepare(WRITE).bind(crypto.randomUUID(), Date.now())]);
    const type = answer.headers.get("content-type") ?? "";
    if (!type.startsWith("text/event-stream")) {
      const text = await answer.text();
      if (text.length > LONGEST_ROW && request.headers.has("keep")) context.waitUntil(env.PAYLOADS.put(crypto.randomUUID(), text));
      await settle();
      return new Response(text, { headers: { "content-type": type } });
    }
    // Each event is seen, as who settles a stream has to.
    const { readable, writable } = new IdentityTransformStream();
    context.waitUntil(
      (async () => {
        const writer = writable.getWriter();
        for await (const chunk of answer.body) await writer.write(chunk);
        await settle();
        await writer.close();
      })(),
    );
    return new Response(readable, { headers: { "content-type": type } });
  },
};
