// What a change has changed, field by field.

export interface Changed {
  field: string;
  before: string | null;
  after: string | null;
  same: boolean;
}

/** The fields of both states, in the order in which they stand; null where a state has none. */
export function differences(before: unknown, after: unknown): Changed[] {
  const [one, other] = [fieldsOf(before), fieldsOf(after)];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].map((field) => {
    const [was, is] = [textOf(one[field]), textOf(other[field])];
    return { field, before: was, after: is, same: was === is };
  });
}

function fieldsOf(state: unknown): Record<string, unknown> {
  if (state === null || state === undefined) return {};
  return typeof state === "object" && !Array.isArray(state) ? (state as Record<string, unknown>) : { value: state };
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null;
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value, null, 1);
}
