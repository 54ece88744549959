// npm install openai
// OPENAI_BASE_URL=https://<host>/v2.1/projects/<project>/openai-compatible/v1 OPENAI_API_KEY=<token> node chat.mjs
import OpenAI from "openai";

const client = new OpenAI();
const [{ id: model }] = (await client.models.list()).data;
const messages = [{ role: "user", content: "good morning" }];

for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  for (const { delta } of chunk.choices) process.stdout.write(delta.content ?? "");
}
console.log();
