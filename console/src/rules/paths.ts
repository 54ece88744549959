// Which row of the table a path belongs to, and what stands in its braces.

/** Where the console stands: all its paths begin so. */
export const BASE = "/console";

export interface Found<Row> {
  row: Row;
  inBraces: Record<string, string>;
}

/** The first row whose path has the same segments; null where none has, or where a segment is no text. */
export function find<Row extends { path: string }>(rows: readonly Row[], path: string): Found<Row> | null {
  const segments = path.split("/").filter((segment) => segment !== "");
  for (const row of rows) {
    const wanted = row.path.split("/").filter((segment) => segment !== "");
    if (wanted.length !== segments.length) continue;
    const inBraces: Record<string, string> = {};
    const fits = wanted.every((want, at) => {
      const segment = segments[at] ?? "";
      if (!want.startsWith("{")) return want === segment;
      const text = decoded(segment);
      if (text === null) return false;
      inBraces[want.slice(1, -1)] = text;
      return true;
    });
    if (fits) return { row, inBraces };
  }
  return null;
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

/** Where to go after signing in: a page of the console, whatever somebody has put into the link. */
export function next(asked: string | null): string {
  if (!asked || !/^\/console(?:[/?]|$)/.test(asked) || /[\\\p{Cc}]/u.test(asked)) return "/";
  const rest = asked.slice("/console".length) || "/";
  // Two slashes would be another host once the base is gone.
  return rest.startsWith("//") || rest.startsWith("/sign-in") ? "/" : rest;
}
