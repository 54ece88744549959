// The load generator: so many connections, each with one request under way, for so long or until so many are answered. It talks to
// loopback alone, and an answer that is not the expected one ends the run, unless failures are counted: a fast refusal must not pass
// for speed.

import { Client } from "undici";

/**
 * @param {object} options
 * @param {string} options.url where the worker listens
 * @param {(n: number) => {method: string, path: string, headers: Record<string, string>, body?: string, status: number,
 *   isGood?: (text: string) => boolean}} options.call the n-th request, with the status that is expected, and what else is
 * @param {number} options.connections
 * @param {number} options.milliseconds no request starts after this time
 * @param {number} options.requests nor after so many
 * @param {string[]} [options.failures] where answers go that are not the expected ones; without it the first one is thrown
 * @returns {Promise<{count: number, seconds: number, latencies: number[]}>} latencies in milliseconds, ascending
 */
export async function load({ url, call, connections, milliseconds, requests, failures }) {
  if (new URL(url).hostname !== "127.0.0.1") throw new Error(`${url} is not loopback`);
  const clients = Array.from({ length: connections }, () => new Client(url, { pipelining: 1 }));
  const latencies = [];
  let started = 0;
  const begin = performance.now();
  const deadline = begin + milliseconds;
  await Promise.all(
    clients.map(async (client) => {
      while (started < requests && performance.now() < deadline) {
        const { status, isGood, ...request } = call(started++);
        const sent = performance.now();
        const response = await client.request(request);
        const body = await response.body.text();
        latencies.push(performance.now() - sent);
        if (response.statusCode !== status || isGood?.(body) === false) {
          const failure = `${request.method} ${request.path}: ${response.statusCode}, expected was ${status}: ${body.slice(0, 500)}`;
          if (!failures) throw new Error(failure);
          failures.push(failure);
        }
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  await Promise.all(clients.map((client) => client.close()));
  return { count: latencies.length, seconds, latencies: latencies.sort((a, b) => a - b) };
}

/**
 * One measurement of one call on one worker.
 *
 * @param {{url: string, cpuSeconds: () => Promise<number | null>}} subject
 * @param {Parameters<typeof load>[0]["call"]} call as `load` takes it
 * @param {{connections: number, milliseconds: number, requests: number, failures?: string[]}} options as `load` takes them
 */
export async function measure(subject, call, options) {
  const before = await subject.cpuSeconds();
  const { count, seconds, latencies } = await load({ url: subject.url, call, ...options });
  const after = await subject.cpuSeconds();
  return {
    rate: count / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: before === null ? null : ((after - before) / count) * 1e6,
  };
}

/** The medians of the figures of several measurements. */
export const medians = (samples) =>
  Object.fromEntries(
    ["rate", "p50", "p99", "cpu"].map((figure) => {
      const values = samples.map((sample) => sample[figure]);
      return [figure, values.includes(null) ? null : median(values)];
    }),
  );

/** The value below which so large a part of an ascending list lies. */
export const quantile = (ascending, part) => ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * part))];

export function median(values) {
  const ascending = [...values].sort((a, b) => a - b);
  const middle = ascending.length >> 1;
  return ascending.length % 2 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
}
