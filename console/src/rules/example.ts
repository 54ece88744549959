// An input to begin with, from the fields of a deployment.

const VALUES: Record<string, unknown> = {
  int: 1,
  double: 1.5,
  string: "text",
  bool: true,
  dict: {},
  array_int: [1, 2],
  array_double: [1.5, 2.5],
  array_string: ["one", "two"],
};

export function exampleOf(fields: readonly { name: string; data_type: string }[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, data_type }) => [name, VALUES[data_type] ?? "text"]));
}
