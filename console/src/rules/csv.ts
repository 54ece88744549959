// Tables as text (RFC 4180).

export type Cell = string | number | null | undefined;

/** A line each. What a spreadsheet would take for a formula is put behind an apostrophe; numbers stay numbers. */
export function csvOf(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => row.map(cellOf).join(",") + "\r\n").join("");
}

function cellOf(cell: Cell): string {
  if (typeof cell === "number") return String(cell);
  const text = cell ?? "";
  // Where another separator is set, a cell may begin behind it.
  const safe = text.replace(/(^|[;\t\r\n])(?=[=+\-@\t\r])/g, "$1'");
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
