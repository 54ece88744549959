// Origins as the server takes them (src/domain/origin.rs), for an answer while somebody types. The server's sentence is the last word.

export type Parsed = { origin: string; wrong?: undefined } | { origin?: undefined; wrong: string };

const FORM = "an origin is scheme://host[:port]";
const OF_NO_ORIGIN = ["ws", "wss", "ftp", "file", "data", "blob", "javascript", "about"];
const DEFAULT_PORTS: Record<string, string> = { https: "443", http: "80" };
export const MOST = 100;

/** One origin, normalised, or what is wrong with it. */
export function parse(text: string): Parsed {
  const wrong = (what: string): Parsed => ({ wrong: `'${text}' ${what}` });
  if (/[\s\p{Cc}]/u.test(text)) return wrong(`has white space or a control character; ${FORM}`);
  if (text === "") return wrong(`is empty; ${FORM}`);
  if (text === "*") return wrong("is a wildcard, not an origin");
  if (text === "null") return wrong("is what browsers send for no origin, which anybody can send");
  if (text.includes("\\")) return wrong(`has a backslash; ${FORM}`);
  const [, asWritten, rest] = /^([^:]*):\/\/(.*)$/s.exec(text) ?? [];
  if (asWritten === undefined || rest === undefined) return wrong(`has no scheme; ${FORM}`);
  const scheme = asWritten.toLowerCase();
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) return wrong(`has the scheme '${scheme}', which is none; ${FORM}`);
  if (OF_NO_ORIGIN.includes(scheme)) return wrong(`has the scheme '${scheme}', which is no origin's`);
  const authority = rest.split(/[/?#]/)[0] ?? "";
  const tail = rest.slice(authority.length);
  if (authority.includes("@")) return wrong(`has user information; ${FORM}`);
  if (authority === "") return wrong(`has no host; ${FORM}`);
  if (tail === "/") return wrong(`has a path (the slash at its end); ${FORM}`);
  if (tail) return wrong(`has a ${tail.startsWith("/") ? "path" : tail.startsWith("?") ? "query" : "fragment"}; ${FORM}`);
  if (authority.includes("*")) return wrong("has a wildcard host; each origin is listed by itself");
  if (authority.includes("%")) return wrong(`has an encoded character in its host; ${FORM}`);
  const [, host, port] = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s.exec(authority) ?? [];
  if (host === undefined) return wrong(`has no valid host; ${FORM}`);
  if (host === "") return wrong(`has no host; ${FORM}`);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535))
    return wrong("has no valid port; a port is a number from 1 to 65535");
  const name = scheme in DEFAULT_PORTS || host.startsWith("[") ? hostOf(host) : /^[A-Za-z0-9\-._~!$&'()+,;=]+$/.test(host) ? host : null;
  if (!name) return wrong(`has no valid host; ${FORM}`);
  const kept = port === undefined || String(Number(port)) === DEFAULT_PORTS[scheme] ? "" : `:${Number(port)}`;
  return { origin: `${scheme}://${name}${kept}` };
}

/** A host as browsers write it; null where it is none. */
function hostOf(host: string): string | null {
  try {
    return new URL(`http://${host}/`).hostname || null;
  } catch {
    return null;
  }
}

/** What somebody has pasted, an origin a line or separated by commas. */
export function parseAll(text: string): Parsed[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== "")
    .map(parse);
}
