// Streams, cut anywhere.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Events } from "../src/rules/events.ts";
import { exampleOf } from "../src/rules/example.ts";

const STREAM = 'data:{"y":0}\n\nevent: ping\n\ndata: two\ndata:lines\r\n\r\ndata:last\n\n{"status":"completed"}\n';

test("a stream is the same events wherever it is cut", () => {
  const wanted = [
    { event: "message", data: '{"y":0}' },
    { event: "ping", data: "" },
    { event: "message", data: "two\nlines" },
    { event: "message", data: "last" },
    { event: "result", data: '{"status":"completed"}' },
  ];
  for (let size = 1; size <= STREAM.length; size++) {
    const events = new Events();
    const found = [];
    for (let at = 0; at < STREAM.length; at += size) found.push(...events.take(STREAM.slice(at, at + size)));
    found.push(...events.end());
    assert.deepEqual(found, wanted, `in pieces of ${size}`);
  }
});

test("an example has a value of each field's type", () => {
  assert.deepEqual(exampleOf([{ name: "x", data_type: "double" }, { name: "f", data_type: "file" }]), { x: 1.5, f: "text" });
});
