// What somebody may have meant by a few letters.

/** The rows that have all the letters in order, best first: a beginning of the text, then of a word, then anywhere. */
export function rank<Row>(rows: readonly Row[], typed: string, textOf: (row: Row) => string): Row[] {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return [...rows];
  return rows
    .map((row, at) => ({ row, at, score: score(textOf(row).toLowerCase(), wanted) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || one.at - other.at)
    .map(({ row }) => row);
}

function score(text: string, wanted: string): number {
  if (text.startsWith(wanted)) return 4;
  const at = text.indexOf(wanted);
  if (at > 0) return /[\s\-_.]/.test(text[at - 1] ?? "") ? 3 : 2;
  let from = 0;
  for (const letter of wanted) {
    const found = text.indexOf(letter, from);
    if (found < 0) return 0;
    from = found + 1;
  }
  return 1;
}
