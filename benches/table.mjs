// The figures of a run as Markdown.

import { cpus, release, totalmem, type } from "node:os";
import { readFileSync } from "node:fs";
import path from "node:path";
import { SUBJECTS } from "./subject.mjs";

const table = (head, rows) =>
  [head, head.map((_, column) => (column === 0 ? "---" : "--:")), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const round = (value, digits = 0) => (value == null ? "-" : value.toFixed(digits));
const percent = (part, whole) => (part == null || !whole ? "-" : `${Math.round((part / whole) * 100)} %`);
const kilobytes = (bytes) => `${Math.round(bytes / 1000)} KB`;
const names = Object.keys(SUBJECTS);
const titles = names.map((name) => SUBJECTS[name].title);

/** What was run, where and when. */
export function heading({ rounds, seconds, quick }) {
  const version = (name) =>
    JSON.parse(readFileSync(path.join(import.meta.dirname, "../node_modules", name, "package.json"), "utf8")).version;
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}`;
  return [
    `${new Date().toISOString().slice(0, 10)}, ${machine}; workerd ${version("workerd")}, Node ${process.versions.node}; medians of ${rounds} rounds of`,
    `${seconds} s each, the workers in turns${quick ? " (a quick run)" : ""}. Load generator and worker share the processors.`,
  ].join("\n");
}

/** The comparison: one table of rates, one of everything else, one of sizes. */
export function mainTables({ calls, connections, figures, costs, facts }) {
  const figure = (call, name, many) => figures.get(JSON.stringify([call, name, many]));
  const rates = calls.flatMap((call) =>
    connections.map((many) => {
      const [ours, limit, hono] = names.map((name) => figure(call, name, many)?.rate);
      return [call, many, round(ours), round(limit), round(hono), percent(ours, limit), percent(ours, hono)];
    }),
  );
  const details = calls.flatMap((call) =>
    connections.map((many) => [
      call,
      many,
      ...["p50", "p99"].flatMap((which) => names.map((name) => round(figure(call, name, many)?.[which], 1))),
      ...names.map((name) => round(figure(call, name, many)?.cpu)),
    ]),
  );
  const database = calls.map((call) => [call, ...names.filter((name) => name !== "limit").map((name) => costs[call][name] ?? "-")]);
  const modules = names.map((name) => [
    SUBJECTS[name].title,
    kilobytes(facts[name].size.raw),
    kilobytes(facts[name].size.gzipped),
    `${round(facts[name].firstAnswer, 2)} s`,
  ]);
  return [
    "### Requests per second",
    table(["call", "connections", ...titles, "of the limit", "of Hono"], rates),
    "### Latency in milliseconds, and workerd's processor time a request in microseconds",
    table(
      ["call", "connections", ...["p50", "p99", "CPU"].flatMap((which) => titles.map((title) => `${which} ${title}`))],
      details,
    ),
    "### D1: round trips / rows read / rows written",
    table(["call", "Tenantry", "Hono"], database),
    "### The workers",
    table(["worker", "size", "gzipped", "start to first answer"], modules),
  ].join("\n\n");
}

/** Heavier calls: the module alone. */
export function heavyTable(rows) {
  const cells = rows.map((row) => [
    row.call,
    row.many,
    round(row.rate, row.rate < 100 ? 1 : 0),
    round(row.p50, 1),
    round(row.p99, 1),
    round(row.cpu),
    row.cost,
  ]);
  const head = ["call", "connections", "requests/s", "p50 ms", "p99 ms", "CPU us", "trips / read / written"];
  return "### Heavier calls\n\n" + table(head, cells);
}

/** Growth: the module alone at 16 connections. */
export function growthTable(rows) {
  if (rows.length === 0) return "";
  const cells = rows.map((row) => [
    row.call,
    row.serviceUsers.toLocaleString("en"),
    row.origins.toLocaleString("en"),
    row.cost,
    round(row.rate),
    round(row.p50, 1),
    round(row.p99, 1),
    round(row.cpu),
  ]);
  cells.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const head = ["call", "service users", "origins", "trips / read / written", "requests/s", "p50 ms", "p99 ms", "CPU us"];
  return "### Growth: one project that holds more and more, 16 connections\n\n" + table(head, cells);
}
