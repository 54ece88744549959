// npm install standardwebhooks
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.UPSTREAM_SECRET);

const server = createServer(async (request, response) => {
  // Exactly the bytes that came: JSON that was parsed and written anew has another signature.
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const answer = (status, value) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  let input;
  try {
    input = webhook.verify(Buffer.concat(chunks), request.headers);
  } catch (error) {
    return answer(401, { error: error.message });
  }
  answer(200, { y: 2 * input.x });
});

server.listen(process.env.UPSTREAM_PORT ?? 8788, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
