// The binary format of a module, as far as the scripts beside this one take it apart and put it together again (WebAssembly core
// specification, chapter 5).

export const CUSTOM = 0, IMPORTS = 2, CODE = 10;

const HEADER = 8;
const FUNCTION = 0, TABLE = 1, MEMORY = 2, GLOBAL = 3;

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
