// Server-Sent Events, as far as the gate sends them (contract section 5.5): the last line is no event but how the request ended, as
// JSON by itself. Here it is an event of the name `result`.

export interface Event {
  event: string;
  data: string;
}

/** Takes a stream apart as it comes. What is not complete yet is kept for the next piece. */
export class Events {
  #rest = "";

  take(piece: string): Event[] {
    const text = this.#rest + piece;
    // A CR at the end may be half of a CRLF.
    const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
    this.#rest = blocks.pop() ?? "";
    return blocks.map(eventOf).filter((event) => event !== null);
  }

  /** What is left when the stream has ended: a last event need not have an empty line. */
  end(): Event[] {
    const last = eventOf(this.#rest.trimEnd());
    this.#rest = "";
    return last ? [last] : [];
  }
}

function eventOf(block: string): Event | null {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    if (line.startsWith("{")) return { event: "result", data: line };
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "event") event = value;
    else if (name === "data") data.push(value);
  }
  return data.length > 0 || event !== "message" ? { event, data: data.join("\n") } : null;
}
