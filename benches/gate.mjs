// The gate: the same calls sent to an upstream directly, through a worker that does the least (bare.js), and through the gate, in
// turns; what a stream costs by the event; what a request costs D1; and all of it once more where a million requests are recorded
// already.

import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DEPLOYMENT, served } from "../tests/support/served.mjs";
import { startTenantry } from "../tests/support/serve.mjs";
import { measure, median, medians } from "./load.mjs";
import { start } from "./subject.mjs";
import { startUpstream } from "./upstream.mjs";

/** In a stream. */
export const EVENTS = 1000;
const RECORDS = 1_000_000;
/** One measurement of streams takes so many times as long: a slow one takes more than a second. */
const LONGER = 3;
/** Requests in one measurement, and before the first one, at most. */
const REQUESTS = 20_000;
const WARM_UP = 300;

/** What is asked for, by name: the upstream's path, how the version is called, and what is set of it. */
const CALLS = {
  "1 KB": { path: "/bytes/1024" },
  "1 KB, metadata": { path: "/bytes/1024", version: { request_retention_mode: "metadata" } },
  // An isolate has room for 40 of them at once; what comes then is told to try again.
  "1 MB": { path: "/bytes/1048576", most: 16 },
  "1 MB, metadata": { path: "/bytes/1048576", most: 16, version: { request_retention_mode: "metadata" } },
  "stream, no event": { path: "/events/0", way: "/stream" },
  "stream, at once": { path: `/events/${EVENTS}`, way: "/stream" },
  "stream, 1 ms apart": { path: `/events/${EVENTS}/1`, way: "/stream" },
};
const KEPT = ["1 KB", "1 KB, metadata"];
const WHOLE = [...KEPT, "1 MB", "1 MB, metadata"];
const STREAMED = Object.keys(CALLS).filter((name) => CALLS[name].way);

const body = JSON.stringify({ x: 1 });
const post = (path, headers) => ({ method: "POST", path, headers: { "content-type": "application/json", ...headers }, body, status: 200 });
const versionOf = (name) => `v${Object.keys(CALLS).indexOf(name)}`;
const direct = (name) => () => post(CALLS[name].path);
// With a header that has it keep the answer, as the gate does, where that is too long for a row.
const throughBare = (upstreamUrl) => (name) => () =>
  post(CALLS[name].path, { upstream: upstreamUrl, ...(CALLS[name].version ? {} : { keep: "answer" }) });
const through = (name, token) => () => ({
  ...post(`${DEPLOYMENT}/versions/${versionOf(name)}/requests${CALLS[name].way ?? ""}`, { authorization: `Token ${token}` }),
  // A failed request is 200 too.
  isGood: (text) => text.includes('"success":true'),
});

/**
 * @param {object} options
 * @param {string} options.scratch an empty directory
 * @param {Record<string, string>} options.vars
 * @param {number} options.rounds
 * @param {number} options.seconds of a measurement
 * @param {number[]} options.connections
 * @param {boolean} options.quick nothing about a million records
 * @param {(text: string) => void} options.say
 * @returns {Promise<object>} what `gateTables` of table.mjs takes
 */
export async function measureGate({ scratch, vars, rounds, seconds, connections, quick, say }) {
  const settings = { ...vars, ALLOW_LOOPBACK_UPSTREAMS: "true" };
  const upstream = await startUpstream();
  const subjects = {};
  try {
    const stateDirs = Object.fromEntries(["measured", "bare", "none", "many"].map((name) => [name, path.join(scratch, "gate", name)]));
    await mkdir(stateDirs.measured, { recursive: true });
    const { token, d1File } = await prepare(stateDirs.measured, settings, upstream.url);
    const result = { costs: await costsOf(stateDirs.measured, settings, token), failures: [] };
    for (const name of quick ? ["bare"] : ["bare", "none", "many"]) await cp(stateDirs.measured, stateDirs[name], { recursive: true });

    const launch = async (name) => (subjects[name] = await start(name === "bare" ? name : "tenantry", stateDirs[name], settings));
    const halt = async (name) => {
      await subjects[name].stop();
      delete subjects[name];
    };
    /** Each call with each number of connections, on each side. */
    const steps = (names, many, sides) =>
      names.flatMap((name) =>
        many.filter((connections) => connections <= (CALLS[name].most ?? Infinity)).flatMap((connections) =>
          Object.entries(sides).map(([side, [subject, call]]) => ({ name, side, subject, call: call(name), connections })),
        ),
      );
    const run = { rounds, milliseconds: seconds * 1000, failures: result.failures, say };
    const gate = (name) => through(name, token);

    const beside = { url: upstream.url, cpuSeconds: async () => null };
    const sides = {
      direct: [beside, direct],
      bare: [await launch("bare"), throughBare(upstream.url)],
      gate: [await launch("measured"), gate],
    };
    result.whole = await inTurns(steps(WHOLE, connections, sides), { ...run, what: "the gate" });
    result.streamed = await inTurns(steps(STREAMED, [1], sides), { ...run, milliseconds: run.milliseconds * LONGER, what: "streams" });
    await halt("measured");
    await halt("bare");
    if (quick) return result;

    say(`the gate with ${RECORDS.toLocaleString("en")} records`);
    record(path.join(stateDirs.many, path.relative(stateDirs.measured, d1File)), RECORDS);
    result.records = RECORDS;
    result.grownCosts = await costsOf(stateDirs.many, settings, token);
    const grown = { none: [await launch("none"), gate], many: [await launch("many"), gate] };
    const few = connections.filter((count) => count <= 16);
    result.grown = await inTurns(steps(KEPT, few, grown), { ...run, what: "many records" });
    return result;
  } finally {
    await Promise.all(Object.values(subjects).map((subject) => subject.stop()));
    await upstream.stop();
  }
}

/** Makes a version for each call, through the API. */
async function prepare(stateDir, vars, upstreamUrl) {
  const tenantry = await startTenantry({ stateDir, logFile: null, vars });
  try {
    const versions = Object.entries(CALLS).map(([name, { path, version }]) => [
      versionOf(name),
      { version, upstream: { upstream_url: upstreamUrl + path } },
    ]);
    const token = await served(tenantry, Object.fromEntries(versions));
    await tenantry.database.exec("CREATE TABLE bare_requests (id TEXT PRIMARY KEY, date INTEGER NOT NULL) STRICT, WITHOUT ROWID");
    return { token, d1File: tenantry.d1File };
  } finally {
    await tenantry.stop();
  }
}

/** Measures each step once in each round; every other round runs backwards, so that nobody always follows the same neighbour. */
export async function inTurns(steps, { rounds, milliseconds, failures, say, what }) {
  const samples = new Map(steps.map((step) => [step, []]));
  const options = { milliseconds, requests: REQUESTS, failures };
  for (const step of steps) await measure(step.subject, step.call, { ...options, connections: 4, milliseconds: 1_000, requests: WARM_UP });
  for (let round = 0; round < rounds; round++) {
    say(`${what}, round ${round + 1} of ${rounds}: ${steps.length} measurements of ${milliseconds / 1000} s`);
    for (const step of round % 2 ? steps.toReversed() : steps) {
      const mine = [];
      const sample = await measure(step.subject, step.call, { ...options, connections: step.connections, failures: mine });
      samples.get(step).push({ ...sample, errors: mine.length });
      failures.push(...mine);
    }
  }
  return steps.map((step) => {
    const list = samples.get(step);
    const errors = list.reduce((sum, sample) => sum + sample.errors, 0);
    return { name: step.name, side: step.side, connections: step.connections, errors, ...medians(list) };
  });
}

/** What each call costs D1, as the log says when it has ended: round trips, rows read, rows written. Of several, the median. */
async function costsOf(stateDir, vars, token) {
  const times = 5;
  const logFile = path.join(stateDir, "costs.log");
  // That of the directory that this one is a copy of.
  await rm(logFile, { force: true });
  const tenantry = await startTenantry({ stateDir, logFile, vars });
  const costs = {};
  try {
    let lines = [];
    for (const name of Object.keys(CALLS)) {
      const before = lines.length;
      for (let time = 0; time < times; time++) {
        const { path: target, isGood, ...request } = through(name, token)();
        const text = await (await fetch(tenantry.url + target, request)).text();
        if (!isGood(text)) throw new Error(`${name}: ${text.slice(0, 500)}`);
      }
      for (let tries = 0; tries < 200 && lines.length < before + times; tries++) {
        await sleep(25);
        lines = (await readFile(logFile, "utf8")).split("\n").filter((line) => line.includes("/requests"));
      }
      const entries = lines.slice(before).map((line) => JSON.parse(line));
      const [trips, read, written] = ["round_trips", "rows_read", "rows_written"].map((field) => median(entries.map((entry) => entry[field])));
      costs[name] = { trips, read, written };
    }
  } finally {
    await tenantry.stop();
  }
  return costs;
}

/** Records so many requests more as the gate leaves them, half a second apart, up to now. Nobody may be serving the file. */
function record(d1File, count) {
  const database = new DatabaseSync(d1File);
  const columns = (table) => database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all().map(({ name }) => String(name));
  /** As the last one is, but for what differs. */
  const like = (table, different, rest) => {
    const names = columns(table);
    database.exec(`INSERT INTO ${table} (${names}) ${rest(names.map((name) => different[name] ?? `l.${name}`))}`);
  };
  const numbers = `WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ${count})`;
  const made = `(${Date.now() - count * 500} + n * 500)`;
  const id = `printf('%08x-%04x-7%03x-8000-%012x', ${made} >> 16, ${made} & 65535, n & 4095, n)`;
  const last = `(SELECT r.* FROM requests r JOIN deployment_versions v ON v.id = r.version_id WHERE v.version = '${versionOf("1 KB")}' LIMIT 1)`;
  const times = { time_created: made, time_started: made, time_completed: `${made} + 20`, lease_end: `${made} + 300000` };
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000; BEGIN");
    like("requests", { id, ...times }, (values) => `${numbers} SELECT ${values} FROM numbers, ${last} l`);
    for (const [part, text] of [["input", '{"x":1}'], ["output", '{"y":1}']]) {
      like(
        "request_payloads",
        { request_id: id, part: `'${part}'`, body: `'${text}'`, creation_date: made },
        (values) => `${numbers} SELECT ${values} FROM numbers, (SELECT * FROM request_payloads LIMIT 1) l`,
      );
    }
    database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
}
