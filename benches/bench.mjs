// `make bench`: the module beside a bare Rust worker, which is the limit, and beside Hono, in the same runtime, in turns.
//
// Then the module alone: the heavier calls, a project that grows, the gate, beside the same calls sent to its upstream directly, and
// what goes through the gate in other ways, services, pipelines and batches, and what people wait for in the console.
//
//   BENCH_QUICK=1    two rounds at 16 connections, no growth: for a look between two edits
//   BENCH_ROUNDS     how often each measurement is taken; the table shows medians (5)
//   BENCH_ONLY       names of calls, separated by commas; "heavy" for the heavier calls and nothing else, "gate", "work" and
//                    "console" (which needs a Chromium) likewise
//   BENCH_CONNECTIONS, BENCH_SECONDS, BENCH_GROWTH   the numbers of connections (1,16,64), seconds a measurement (1.5), the numbers
//                    of service users (100,10000,1000000; empty for none)
//
// Others use the machine too, so nothing here passes or fails by a time. Compare a row's columns, not two runs.

import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { request } from "undici";
import { measureConsole } from "./console.mjs";
import { measureGate } from "./gate.mjs";
import { createHeavyWorld, heavyCalls } from "./heavy.mjs";
import { measure, median, medians } from "./load.mjs";
import { SUBJECTS, sizeOf, start } from "./subject.mjs";
import { consoleTable, gateTables, growthTable, heading, heavyTable, mainTables, workTables } from "./table.mjs";
import { measureWork } from "./work.mjs";
import { calls, createWorld, fill } from "./world.mjs";

const quick = process.env.BENCH_QUICK === "1";
const numbers = (text) => text.split(",").filter(Boolean).map(Number);
const rounds = Number(process.env.BENCH_ROUNDS ?? (quick ? 2 : 5));
const connections = numbers(process.env.BENCH_CONNECTIONS ?? (quick ? "16" : "1,16,64"));
const seconds = Number(process.env.BENCH_SECONDS ?? (quick ? 0.8 : 1.5));
const growth = numbers(process.env.BENCH_GROWTH ?? (quick ? "" : "100,10000,1000000"));
const only = process.env.BENCH_ONLY?.split(",");
/** What is no call of the comparison. */
const PARTS = ["heavy", "gate", "work", "console"];
const wants = (part) => !only || only.includes(part);
const compares = !only || only.some((name) => !PARTS.includes(name));
/** The heavier calls are measured one at a time and with others under way. */
const HEAVY_CONNECTIONS = [1, 16];
/** Requests in one measurement at most. */
const REQUESTS = 20_000;
/** Requests before the first measurement: the isolate compiles, D1 opens its file, the token's first use is written. */
const WARM_UP = 400;

const say = (text) => process.stderr.write(text + "\n");

const measured = (subject, call, many, milliseconds = seconds * 1000, requests = REQUESTS) =>
  measure(subject, call, { connections: many, milliseconds, requests });

/** What a call costs D1, as the answer itself says: round trips, rows read, rows written. */
async function databaseCost(subject, call) {
  const { method, path: target, headers, body } = call(0);
  const response = await request(subject.url + target, { method, headers, body });
  await response.body.dump({ limit: Infinity });
  return String(response.headers["server-timing"] ?? "").match(/desc="([^"]*)"/)?.[1] ?? null;
}

/** Refuses to compare workers that do not answer the same. */
async function compareAnswers(subjects, call) {
  const answers = [];
  for (const name of ["tenantry", "hono"]) {
    const { path: target, headers } = call(0);
    answers.push(await (await fetch(subjects[name].url + target, { headers })).json());
  }
  const [ours, theirs] = answers.map((answer) => JSON.stringify(answer));
  if (ours !== theirs) throw new Error(`the workers answer differently:\n${ours}\n${theirs}`);
}

/** Seconds from the start of the process to the first answer; the database is there already. */
async function firstAnswer(name, stateDir, vars, call) {
  const samples = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const begin = performance.now();
    const subject = await start(name, stateDir, vars);
    const { path: target, headers } = call(0);
    await (await fetch(subject.url + target, { headers })).arrayBuffer();
    samples.push((performance.now() - begin) / 1000);
    await subject.stop();
  }
  return median(samples);
}

async function compare(world, scratch, vars) {
  const chosen = Object.fromEntries(Object.entries(calls(world)).filter(([name]) => !only || only.includes(name)));
  const subjects = {};
  const facts = {};
  for (const name of Object.keys(SUBJECTS)) {
    const stateDir = path.join(scratch, name);
    await cp(world.stateDir, stateDir, { recursive: true });
    facts[name] = { size: await sizeOf(name), firstAnswer: await firstAnswer(name, stateDir, vars, calls(world)["get project"]) };
    subjects[name] = await start(name, stateDir, vars);
  }
  const samples = {};
  const costs = {};
  try {
    await compareAnswers(subjects, calls(world)["get project"]);
    const plan = [];
    for (const [call, request] of Object.entries(chosen)) {
      for (const subject of Object.values(subjects)) {
        if (SUBJECTS[subject.name].answers?.includes(call) === false) continue;
        await measured(subject, request, 4, 10_000, WARM_UP);
        (costs[call] ??= {})[subject.name] = await databaseCost(subject, request);
        for (const many of connections) plan.push({ call, request, subject, many });
      }
    }
    for (let round = 0; round < rounds; round++) {
      say(`round ${round + 1} of ${rounds}: ${plan.length} measurements of ${seconds} s`);
      // Every other round runs backwards, so that nobody always follows the same neighbour.
      for (const { call, request, subject, many } of round % 2 ? plan.toReversed() : plan) {
        const key = JSON.stringify([call, subject.name, many]);
        (samples[key] ??= []).push(await measured(subject, request, many));
      }
    }
  } finally {
    await Promise.all(Object.values(subjects).map((subject) => subject.stop()));
  }
  const figures = new Map(Object.entries(samples).map(([key, list]) => [key, medians(list)]));
  return { calls: Object.keys(chosen), connections, figures, costs, facts };
}

/** The module alone, on calls that read or check more. */
async function weigh(world, vars) {
  const heavy = await createHeavyWorld(world, path.join(scratch, "heavy"), vars);
  const subject = await start("tenantry", heavy.stateDir, vars);
  const rows = [];
  try {
    const plan = Object.entries(heavyCalls(heavy)).flatMap(([call, request]) => HEAVY_CONNECTIONS.map((many) => ({ call, request, many })));
    const samples = new Map(plan.map((step) => [step, []]));
    for (const { request, many } of plan) await measured(subject, request, many, 2_000, WARM_UP);
    for (let round = 0; round < rounds; round++) {
      say(`heavier calls, round ${round + 1} of ${rounds}`);
      for (const step of round % 2 ? plan.toReversed() : plan) samples.get(step).push(await measured(subject, step.request, step.many));
    }
    for (const step of plan) {
      rows.push({ ...step, cost: await databaseCost(subject, step.request), ...medians(samples.get(step)) });
    }
  } finally {
    await subject.stop();
  }
  return rows;
}

/** The module alone, on a project that grows. */
async function grow(world, vars) {
  const rows = [];
  for (const total of growth) {
    say(`growth: ${total} service users`);
    const loaded = fill(world.d1File, total);
    const subject = await start("tenantry", world.stateDir, vars);
    try {
      for (const [call, request] of Object.entries(calls(world))) {
        await measured(subject, request, 4, 10_000, WARM_UP);
        const cost = await databaseCost(subject, request);
        const list = [];
        for (let round = 0; round < Math.min(rounds, 3); round++) list.push(await measured(subject, request, 16));
        rows.push({ ...loaded, call, cost, ...medians(list) });
      }
    } finally {
      await subject.stop();
    }
  }
  return rows;
}

const scratch = await mkdtemp(path.join(tmpdir(), "tenantry-bench-"));
try {
  const tokenKey = randomBytes(32).toString("hex");
  const vars = { TOKEN_KEY: tokenKey, SIGNING_KEY: randomBytes(32).toString("hex"), SERVER_TIMING: "true" };
  const parts = [heading({ rounds, seconds, quick })];
  if (compares || wants("heavy") || wants("console")) {
    const stateDir = path.join(scratch, "world");
    await mkdir(stateDir);
    const world = { stateDir, ...(await createWorld(stateDir, tokenKey)) };
    fill(world.d1File, 100);
    if (compares) parts.push(mainTables(await compare(world, scratch, vars)));
    if (wants("heavy")) parts.push(heavyTable(await weigh(world, vars)));
    if (wants("console")) parts.push(consoleTable(await measureConsole({ scratch, world, vars, rounds, say })));
    if (compares) parts.push(growthTable(await grow(world, vars)));
  }
  if (wants("gate")) {
    const gate = await measureGate({ scratch, vars, rounds, seconds, connections, quick, say });
    parts.push(gateTables(gate));
    // A refusal is fast: figures with failures among them are none.
    if (gate.failures.length > 0) process.exitCode = 1;
  }
  if (wants("work")) {
    const work = await measureWork({ scratch, vars, rounds, seconds, say });
    parts.push(workTables(work));
    if (work.failures.length > 0) process.exitCode = 1;
  }
  const report = parts.filter(Boolean).join("\n\n") + "\n";
  console.log(report);
  if (process.env.BENCH_REPORT) await writeFile(process.env.BENCH_REPORT, report);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
