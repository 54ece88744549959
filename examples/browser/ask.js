// Asks a model behind the gate from a page, and shows its answer while it comes. No library and no build: what OpenAI's clients send.

const form = document.querySelector("form");
const output = document.querySelector("output");
const [ask, stop] = form.querySelectorAll("button");

/** The pieces of the answer to a question. */
async function* answer({ url, project, token, model, question }, signal) {
  const response = await fetch(`${url}/v2.1/projects/${project}/openai-compatible/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: question }] }),
    signal,
  });
  if (!response.ok) throw new Error((await response.json()).error.message);
  let rest = "";
  for await (const text of decoded(response.body)) {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      // What is no data is empty, or a comment that keeps the connection open while the model is silent.
      if (!line.startsWith("data:")) continue;
      const data = line.slice("data:".length).trim();
      if (data === "[DONE]") return;
      const { choices, error } = JSON.parse(data);
      if (error) throw new Error(error.message);
      yield choices[0]?.delta.content ?? "";
    }
  }
  throw new Error("the answer broke off");
}

/** The texts of a stream of bytes, as they come. */
async function* decoded(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const hangUp = new AbortController();
  stop.onclick = () => hangUp.abort();
  [ask.disabled, stop.disabled, output.textContent] = [true, false, ""];
  try {
    for await (const piece of answer(Object.fromEntries(new FormData(form)), hangUp.signal)) output.append(piece);
  } catch (error) {
    // From an origin that is not listed the browser sends nothing, and says no more than "Failed to fetch".
    if (error.name !== "AbortError") output.append(`\n${error.message}`);
  } finally {
    [ask.disabled, stop.disabled] = [false, true];
  }
});
