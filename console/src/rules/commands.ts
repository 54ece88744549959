// A call as a command for a terminal. No token stands in it, only the name of the variable that holds one.

/** For a shell: in single quotes, whatever is inside. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function commandOf(origin: string, method: string, path: string, body?: unknown): string {
  const lines = [`curl -sS ${quoted(origin + path)}`];
  if (method !== "GET" && !(method === "POST" && body !== undefined)) lines[0] += ` -X ${method}`;
  lines.push(`-H "Authorization: Token $TENANTRY_TOKEN"`);
  if (body !== undefined) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}
