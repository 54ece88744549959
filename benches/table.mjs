// The figures of a run as Markdown.

import { cpus, release, totalmem, type } from "node:os";
import { readFileSync } from "node:fs";
import path from "node:path";
import { EVENTS } from "./gate.mjs";
import { SUBJECTS } from "./subject.mjs";
import { ITEMS, OBJECTS } from "./work.mjs";

const table = (head, rows) =>
  [head, head.map((_, column) => (column === 0 ? "---" : "--:")), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const round = (value, digits = 0) => (value == null ? "-" : value.toFixed(digits));
const percent = (part, whole) => (part == null || !whole ? "-" : `${Math.round((part / whole) * 100)} %`);
const kilobytes = (bytes) => `${Math.round(bytes / 1000)} KB`;
/** A row of a table of aims. */
const most = (what, value, limit, unit, digits) => [
  what,
  `at most ${limit}${unit}`,
  value == null ? "-" : `${round(value, digits)}${unit}`,
  value == null ? "-" : value <= limit ? "yes" : "**no**",
];
const aimHead = ["aim", "", "measured", "kept"];
/** Says so above figures that are none. */
const warning = (failures) =>
  failures.length > 0 && `**!!! ${failures.length} REQUESTS FAILED, so these figures are none. The first one: ${failures[0]}**`;
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

/** The gate: beside its upstream, by the event, at D1, beside its aims. */
export function gateTables({ whole, streamed, costs, grown = [], grownCosts, records, failures }) {
  const find = (rows, name, side, connections = 1) =>
    rows.find((row) => row.name === name && row.side === side && row.connections === connections);
  const added = (name, which, connections = 1, side = "gate") => {
    const [direct, other] = ["direct", side].map((one) => find(whole, name, one, connections));
    return other && other[which] - direct[which];
  };
  const perEvent = (name, side = "gate") => {
    const [some, none] = [name, "stream, no event"].map((one) => find(streamed, one, side).cpu);
    return some === null ? null : (some - none) / EVENTS / 1000;
  };

  const beside = whole
    .filter(({ side }) => side === "gate")
    .map((gate) => {
      const { name, connections } = gate;
      const [direct, bare] = ["direct", "bare"].map((side) => find(whole, name, side, connections));
      const latency = (which) =>
        [direct[which], added(name, which, connections, "bare"), added(name, which, connections)].map((value) => round(value, 1));
      const rates = [round(direct.rate), round(bare.rate), round(gate.rate), percent(gate.rate, bare.rate)];
      return [name, connections, ...rates, ...latency("p50"), ...latency("p99"), round(bare.cpu), round(gate.cpu), gate.errors];
    });
  const streams = streamed
    .filter(({ side }) => side === "gate")
    .map((gate) => {
      const [direct, bare] = ["direct", "bare"].map((side) => find(streamed, gate.name, side));
      const event = (side) => (gate.name === "stream, no event" ? "-" : round(perEvent(gate.name, side), 3));
      const times = [direct, bare, gate].map(({ p50 }) => round(p50, 1));
      return [gate.name, ...times, round(bare.cpu), round(gate.cpu), event("bare"), event("gate"), gate.errors];
    });
  const cost = (all, name) => (all ? [all[name].trips, all[name].read, all[name].written].join("/") : "-");
  const database = Object.keys(costs).map((name) => [name, cost(costs, name), cost(grownCosts, name)]);
  const growth = grown.map((row) => [
    row.name,
    row.connections,
    row.side === "none" ? "none" : records.toLocaleString("en"),
    ...[round(row.rate), round(row.p50, 1), round(row.p99, 1), round(row.cpu), row.errors],
  ]);

  const best = Math.max(...whole.filter(({ name, side }) => name === "1 KB" && side === "gate").map(({ rate }) => rate));
  const isSame = grownCosts && Object.keys(costs).every((name) => cost(costs, name) === cost(grownCosts, name));
  const aims = [
    most("1 KB, 1 connection: added to the p50", added("1 KB", "p50"), 3, " ms", 1),
    most("1 KB, 1 connection: added to the p99", added("1 KB", "p99"), 8, " ms", 1),
    most("1 KB, 16 connections: added to the p99", added("1 KB", "p99", 16), 25, " ms", 1),
    most("1 KB, 64 connections: failures", find(whole, "1 KB", "gate", 64)?.errors, 0, "", 0),
    ["1 KB: requests a second, at best", "at least 300", round(best), best >= 300 ? "yes" : "**no**"],
    ...["1 MB", "1 MB, metadata"].map((name) =>
      most(`${name}, 1 connection: added to the p50, more than with 1 KB`, added(name, "p50") - added("1 KB", "p50") || null, 5, " ms", 1),
    ),
    most("CPU an event, as fast as they go", perEvent("stream, at once"), 0.1, " ms", 3),
    most("CPU an event, 1 ms apart", perEvent("stream, 1 ms apart"), 0.1, " ms", 3),
    most("rows written, payloads kept", costs["1 KB"].written, 10, "", 0),
    most("rows written, metadata alone", costs["1 KB, metadata"].written, 8, "", 0),
    ["rows read and written with many records", "the same", grownCosts ? (isSame ? "the same" : "others") : "-", grownCosts ? (isSame ? "yes" : "**no**") : "-"],
  ];

  const head = ["answer", "connections", "requests/s direct", "bare", "gate", "of bare"];
  const figures = ["p50", "p99"].flatMap((which) => [`${which} direct`, "bare adds", "gate adds"]);
  return [
    "### The gate: the upstream called directly, through a bare worker, and through the gate",
    warning(failures),
    table([...head, ...figures, "CPU us bare", "gate", "failures"], beside),
    `### The gate: streams of ${EVENTS.toLocaleString("en")} events, 1 connection`,
    table(["answer", "ms direct", "bare", "gate", "CPU us a stream, bare", "gate", "CPU ms an event, bare", "gate", "failures"], streams),
    "### The gate: round trips / rows read / rows written",
    table(["answer", "no records", records ? `${records.toLocaleString("en")} records` : "many records"], database),
    growth.length > 0 && "### The gate: with many records",
    growth.length > 0 && table(["answer", "connections", "records", "requests/s", "p50 ms", "p99 ms", "CPU us", "failures"], growth),
    "### The gate: where it stands against its aims",
    table(aimHead, aims),
  ]
    .filter(Boolean)
    .join("\n\n");
}

/** What people wait for in the console. */
export function consoleTable(rows) {
  if (rows.length === 0) return null;
  const cells = rows.map(({ page, slower, view, content, largest, blocked, requests, bytes }) => [
    page,
    slower === 1 ? "as it is" : `${slower} times as slow`,
    view,
    ...[round(content), round(largest), round(blocked), requests, round(bytes / 1000)],
  ]);
  return [
    "### The console: a project with 1,000 service users, in Chromium",
    table(["page", "processor", "view", "ms to its content", "ms to the largest paint", "ms blocked", "requests", "KB"], cells),
  ].join("\n\n");
}

/** What goes through the gate in other ways. */
export function workTables({ timed, downloads, accepted, done, failures }) {
  const find = (name, side = "gate") => timed.find((row) => row.name === name && row.side === side);
  const cells = timed.map((row) => [
    row.name,
    row.side === "gate" ? "through the gate" : "direct",
    ...[round(row.rate), round(row.p50, 1), round(row.p99, 1), round(row.cpu), row.errors],
  ]);
  // Beyond what the gate takes for as many requests, one after the other.
  const object = find(`pipeline of ${OBJECTS}`).p50 / OBJECTS - find("deployment").p50;
  const [direct, passed] = downloads;
  return [
    "### Services and pipelines, 1 connection",
    warning(failures),
    table(["call", "", "requests/s", "p50 ms", "p99 ms", "CPU us", "failures"], cells),
    "### Services, pipelines and batches: where they stand against their aims",
    table(aimHead, [
      most("service: p50, beyond that of a request", find("service").p50 - find("deployment").p50, 1, " ms", 1),
      // Twice what may be on its way is collected late; kept, it would be 200.
      most(`download of 200 MB (${round(passed.rate)} MB/s, direct ${round(direct.rate)}): memory`, passed.grown, 100, " MB more", 0),
      most(`pipeline of ${OBJECTS}: an object, beyond a request of its own`, object, 5, " ms", 1),
      most(`batch of ${ITEMS}: accepted`, accepted, 300, " ms", 0),
      most(`batch of ${ITEMS}, each of 50 ms: done`, done / 1000, 10, " s", 1),
    ]),
  ]
    .filter(Boolean)
    .join("\n\n");
}
