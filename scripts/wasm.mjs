// The binary format of a module, as far as the scripts beside this one take it apart and put it together again (WebAssembly core
// specification, chapter 5).

export const CUSTOM = 0, IMPORTS = 2, ELEMENTS = 9, CODE = 10, DATA = 11;

const HEADER = 8;
const FUNCTION = 0, TABLE = 1, MEMORY = 2, GLOBAL = 3;
/** The opcodes of a constant, of a call, and of the end of a function or of an expression. */
const I32_CONST = 0x41, CALL = 0x10, END = 0x0b;
/** What a segment begins with that is put where a constant says, when the module is made. */
const ACTIVE = 0;
const FUNCTION_NAMES = 1;

/** Reads a part of a module from its beginning. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get isAtEnd() {
    return this.at >= this.bytes.length;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned number in LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** A signed number of 32 bits in LEB128. */
  integer() {
    for (let value = 0, shift = 0; ; ) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) return byte & 0x40 && shift < 32 ? value | (-1 << shift) : value;
    }
  }

  /** Where an active segment is put. */
  place() {
    if (this.number() !== ACTIVE || this.byte() !== I32_CONST) throw new Error("a segment that is not active at a constant place");
    const place = this.integer();
    if (this.byte() !== END) throw new Error("a segment whose place is computed");
    return place;
  }

  /** So many bytes. */
  bytesOf(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** A list of bytes behind its length. */
  part() {
    return this.bytesOf(this.number());
  }

  /** What an import is: its kind and its type, whose bytes are handed on as they are. */
  description() {
    const start = this.at;
    const kind = this.byte();
    if (kind === FUNCTION) this.number();
    else if (kind === GLOBAL) this.at += 2;
    else {
      // A table's type of elements, or a tag's attribute.
      if (kind !== MEMORY) this.byte();
      if (kind === TABLE || kind === MEMORY) this.limits();
      else this.number();
    }
    return { kind, bytes: this.bytes.subarray(start, this.at) };
  }

  limits() {
    const isBounded = this.byte() & 1;
    this.number();
    if (isBounded) this.number();
  }
}

/** The sections of a module: the kind and the content of each. */
export function sections(module) {
  const reader = new Reader(module.subarray(HEADER));
  const found = [];
  while (!reader.isAtEnd) found.push({ kind: reader.byte(), content: reader.part() });
  return found;
}

/** The content of the section of a kind. */
export function contentOf(sections, kind) {
  return sections.find((one) => one.kind === kind).content;
}

/** A module of these sections. */
export function moduleOf(header, sections) {
  const parts = sections.flatMap(({ kind, content }) => [Buffer.from([kind, ...number(content.length)]), content]);
  return Buffer.concat([header.subarray(0, HEADER), ...parts]);
}

/** The imports of a section: of each its module, its name, its kind, and what it is in bytes. */
export function imports(content) {
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => {
    const [from, name] = [reader.part().toString(), reader.part().toString()];
    return { from, name, ...reader.description() };
  });
}

/** How many of these imports are functions. */
export function functionsOf(imports) {
  return imports.filter(({ kind }) => kind === FUNCTION).length;
}

/** A section of imports. */
export function importSection(imports) {
  const entries = imports.flatMap(({ from, name, bytes }) => [...text(from), ...text(name), ...bytes]);
  return Buffer.from([...number(imports.length), ...entries]);
}

/** The code of the functions of a section. */
export function bodies(content) {
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => reader.part());
}

/** A section of the code of functions. */
export function codeSection(bodies) {
  return Buffer.concat([Buffer.from(number(bodies.length)), ...bodies.flatMap((body) => [Buffer.from(number(body.length)), body])]);
}

/** The functions, by their indices, that stand at each place of the table. */
export function table(content) {
  const reader = new Reader(content);
  const places = new Map();
  for (let segments = reader.number(); segments > 0; segments--) {
    let place = reader.place();
    for (let functions = reader.number(); functions > 0; functions--) places.set(place++, reader.number());
  }
  return places;
}

/** The segments of data: the address and the bytes of each. */
export function dataOf(content) {
  const reader = new Reader(content);
  return Array.from({ length: reader.number() }, () => ({ address: reader.place(), bytes: reader.part() }));
}

/** Whatever may be a constant in this code, which is read without its instructions: all that are, and some that only look so. */
export function constantsIn(code) {
  return operandsOf(I32_CONST, code, (reader) => reader.integer());
}

/** Whatever may be called by its index in this code, in the same way. */
export function callsIn(code) {
  return operandsOf(CALL, code, (reader) => reader.number());
}

function* operandsOf(opcode, code, read) {
  for (let at = code.indexOf(opcode); at >= 0; at = code.indexOf(opcode, at + 1)) {
    const bytes = code.subarray(at + 1, at + 6);
    if (bytes.some((byte) => byte < 0x80)) yield read(new Reader(bytes));
  }
}

/** The names of functions, by their indices, from the content of the custom section of names. */
export function functionNames(content) {
  const reader = new Reader(content);
  reader.part();
  const names = new Map();
  while (!reader.isAtEnd) {
    const kind = reader.byte();
    const part = new Reader(reader.part());
    if (kind !== FUNCTION_NAMES) continue;
    for (let left = part.number(); left > 0; left--) names.set(part.number(), part.part().toString());
  }
  return names;
}

/** A custom section's content that names functions, by their indices. */
export function nameSection(names) {
  const entries = [...names].flatMap(([index, name]) => [...number(index), ...text(name)]);
  const map = [...number(names.size), ...entries];
  return Buffer.from([...text("name"), FUNCTION_NAMES, ...number(map.length), ...map]);
}

/** The name of a custom section. */
export function nameOf(content) {
  return new Reader(content).part().toString();
}

/** A text behind its length. */
export function text(string) {
  const bytes = Buffer.from(string);
  return [...number(bytes.length), ...bytes];
}

/** An unsigned number in LEB128. */
export function number(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(Math.floor(value / 0x80))];
}
