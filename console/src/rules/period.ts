// Periods of reports, in days of UTC.

const DAY = 86_400_000;
export const isoDay = (date: Date): string => date.toISOString().slice(0, 10);

/** The month that holds a day: its first day, and the first of the next. */
export function monthOf(day: string): { from: string; to: string } {
  const date = new Date(`${day}T00:00:00Z`);
  return {
    from: isoDay(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1))),
    to: isoDay(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1))),
  };
}

/** The period of the same length before (-1) or after (1): whole months stay whole months. */
export function shifted({ from, to }: { from: string; to: string }, by: -1 | 1): { from: string; to: string } {
  const [start, end] = [new Date(`${from}T00:00:00Z`), new Date(`${to}T00:00:00Z`)];
  const months = (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth();
  if (start.getUTCDate() === 1 && end.getUTCDate() === 1 && months > 0) {
    const at = (date: Date): string => isoDay(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by * months, 1)));
    return { from: at(start), to: at(end) };
  }
  const length = Math.max(DAY, end.getTime() - start.getTime());
  return { from: isoDay(new Date(start.getTime() + by * length)), to: isoDay(new Date(end.getTime() + by * length)) };
}
