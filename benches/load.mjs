// The load generator: so many connections, each with one request under way, for so long or until so many are answered. It talks to
// loopback alone, and an answer of another status than the expected one ends the run: a fast refusal must not pass for speed.

import { Client } from "undici";

/**
 * @param {object} options
 * @param {string} options.url where the worker listens
 * @param {(n: number) => {method: string, path: string, headers: Record<string, string>, body?: string, status: number}} options.call
 *   the n-th request
 * @param {number} options.connections
 * @param {number} options.milliseconds no request starts after this time
 * @param {number} options.requests nor after so many
 * @returns {Promise<{count: number, seconds: number, latencies: number[]}>} latencies in milliseconds, ascending
 */
export async function load({ url, call, connections, milliseconds, requests }) {
  if (new URL(url).hostname !== "127.0.0.1") throw new Error(`${url} is not loopback`);
  const clients = Array.from({ length: connections }, () => new Client(url, { pipelining: 1 }));
  const latencies = [];
  let started = 0;
  const begin = performance.now();
  const deadline = begin + milliseconds;
  await Promise.all(
    clients.map(async (client) => {
      while (started < requests && performance.now() < deadline) {
        const { status, ...request } = call(started++);
        const sent = performance.now();
        const response = await client.request(request);
        const body = await response.body.text();
        latencies.push(performance.now() - sent);
        if (response.statusCode !== status) {
          throw new Error(`${request.method} ${request.path}: ${response.statusCode} instead of ${status}: ${body}`);
        }
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  await Promise.all(clients.map((client) => client.close()));
  return { count: latencies.length, seconds, latencies: latencies.sort((a, b) => a - b) };
}

/** The value below which so large a part of an ascending list lies. */
export const quantile = (ascending, part) => ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * part))];

export function median(values) {
  const ascending = [...values].sort((a, b) => a - b);
  const middle = ascending.length >> 1;
  return ascending.length % 2 ? ascending[middle] : (ascending[middle - 1] + ascending[middle]) / 2;
}
