"use strict";
// Byte-level BPE as the library `tokenizers` does it (GPT-2's cut, then merges in their order), without special tokens.

const at = (id) => document.getElementById(id);
const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };
const unpack = (text) => new KINDS[text.slice(0, 2)](Uint8Array.from(atob(text.slice(3)), (c) => c.charCodeAt(0)).buffer);

// The pattern of GPT-2. What letters and numbers are comes with the data: a browser's Unicode may be newer. \s of the
// library is Unicode's White_Space, which JavaScript's own is not.
const pattern = (letters, numbers) => {
  const [L, N] = [letters, numbers].map((flat) => {
    let ranges = "";
    for (let i = 0; i < flat.length; i += 2) ranges += `\\u{${flat[i].toString(16)}}-\\u{${flat[i + 1].toString(16)}}`;
    return ranges;
  });
  const S = "\\p{White_Space}";
  return new RegExp(`'s|'t|'re|'ve|'m|'ll|'d| ?[${L}]+| ?[${N}]+| ?[^${S}${L}${N}]+|${S}+(?!\\P{White_Space})|${S}+`, "gu");
};

// GPT-2's printable stand-in of every byte.
const STAND_IN = (() => {
  const plain = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(plain(b) ? b : next++));
})();

class Tokenizer {
  constructor({ written, shown, merges, letters, numbers }) {
    this.cut = pattern(unpack(letters), unpack(numbers));
    this.shown = shown;
    this.size = written.length;
    const id = new Map(written.map((text, i) => [text, i]));
    this.byte = STAND_IN.map((c) => id.get(c));
    this.merge = new Map();
    const flat = unpack(merges);
    for (let i = 0; i < flat.length; i += 3) {
      this.merge.set(flat[i] * this.size + flat[i + 1], { rank: i, made: flat[i + 2] });
    }
    const back = new Map(STAND_IN.map((c, b) => [c, b]));
    this.bytes = written.map((text) => Uint8Array.from(text, (c) => back.get(c)));
    this.known = new Map();
  }

  encode(text) {
    return (text.match(this.cut) || []).flatMap((word) => this.word(word));
  }

  word(word) {
    if (this.known.has(word)) return this.known.get(word);
    let ids = Array.from(new TextEncoder().encode(word), (b) => this.byte[b]);
    for (;;) {
      let best = null;
      for (let i = 0; i + 1 < ids.length; i++) {
        const merge = this.merge.get(ids[i] * this.size + ids[i + 1]);
        if (merge && (!best || merge.rank < best.rank)) best = { ...merge, a: ids[i], b: ids[i + 1] };
      }
      if (!best) break;
      const merged = [];
      for (let i = 0; i < ids.length; i++) {
        const here = i + 1 < ids.length && ids[i] === best.a && ids[i + 1] === best.b;
        merged.push(here ? best.made : ids[i]);
        if (here) i++;
      }
      ids = merged;
    }
    if (this.known.size < 50000 && word.length < 64) this.known.set(word, ids);
    return ids;
  }

  // The text of tokens; bytes cut off in the middle of a character become U+FFFD.
  decode(ids) {
    const all = Array.from(ids).flatMap((i) => Array.from(this.bytes[i]));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(all));
  }

  // A token in a link: its text where that text leads back to it, else its number.
  link(id) {
    const text = this.decode([id]);
    const back = this.encode(text);
    return back.length === 1 && back[0] === id && !/^\d+$/.test(text) ? text : String(id);
  }

  fromLink(text) {
    if (/^\d+$/.test(text)) return Number(text) < this.size ? Number(text) : null;
    const ids = this.encode(text);
    return ids.length === 1 ? ids[0] : null;
  }
}
