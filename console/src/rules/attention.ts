// Which service users somebody should look at.

export interface Looked {
  creation_date: string;
  expiry_date: string | null;
  previous_token_expiry: string | null;
  token_last_used: string | null;
}
export type Need = { kind: "expired" | "expires" | "unused" | "previous"; urgent: boolean };

const DAY = 86_400_000;

/** What is the matter, gravest first. `now` is the server's business in the end; a wrong clock only colours a badge. */
export function needs(user: Looked, now = Date.now()): Need[] {
  const found: Need[] = [];
  if (user.expiry_date) {
    const left = Date.parse(user.expiry_date) - now;
    if (left <= 0) found.push({ kind: "expired", urgent: true });
    else if (left <= 30 * DAY) found.push({ kind: "expires", urgent: left <= 7 * DAY });
  }
  if (user.previous_token_expiry && Date.parse(user.previous_token_expiry) > now) found.push({ kind: "previous", urgent: false });
  if (!user.token_last_used && now - Date.parse(user.creation_date) > 30 * DAY) found.push({ kind: "unused", urgent: false });
  return found;
}

/** The orders in which service users can be listed, as the URL has them. */
const SORTS = ["name", "-name", "last_used", "-last_used", "expiry_date", "-expiry_date"] as const;

/** Whether a text is one of them: anybody may type anything into a URL. */
export function isSort(text: string): text is (typeof SORTS)[number] {
  return (SORTS as readonly string[]).includes(text);
}
