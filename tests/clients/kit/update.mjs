// V1 updates by hand: what no Yjs client would ever write.

import { bytes } from './wire.mjs'

const join = parts => bytes(...parts)

/** An update of `[client, clock, structs]` sections and `[client, [[clock, length], ...]]` deletes. */
export const update = (sections, deletes = []) => join([
  sections.length, ...sections.map(([client, clock, structs]) => join([structs.length, client, clock, ...structs])),
  deletes.length, ...deletes.map(([client, ranges]) => join([client, ranges.length, ...ranges.flat()]))
])

/** Where a struct stands: under a root type, under another item, or after an item. */
export const under = root => ({ flags: 0, place: bytes(1, root) })
export const inside = (client, clock) => ({ flags: 0, place: bytes(0, client, clock) })
export const behind = (client, clock) => ({ flags: 0x80, place: bytes(client, clock) })
export const keyed = (where, key) => ({ flags: where.flags | 0x20, place: bytes(where.place, key) })

const struct = ({ flags, place }, content, body) => bytes(Uint8Array.of(flags | content), place, body)

export const string = (where, text) => struct(where, 4, bytes(text))
export const any = (where, ...values) => struct(where, 8, bytes(values.length, ...values))
export const json = (where, ...texts) => struct(where, 2, bytes(texts.length, ...texts))
export const type = (where, kind, name) => struct(where, 7, name === undefined ? bytes(kind) : bytes(kind, name))
export const embed = (where, text) => struct(where, 5, bytes(text))
export const deleted = (where, length) => struct(where, 1, bytes(length))
export const gc = length => bytes(0, length)
export const skip = length => bytes(10, length)

const repeat = (n, part) => Uint8Array.from({ length: n * part.length }, (_, i) => part[i % part.length])

/** `any` values. */
export const nestedArrays = depth => bytes(repeat(depth, [0x75, 1]), Uint8Array.of(0x7e))
export const greedyMaps = depth => repeat(depth, [0x76, 0xff, 0xff, 0xff, 0x7f, 0])
export const number = n => Uint8Array.of(0x7d, n & 0x3f)

/** Types each inside the one before, `depth` of them, as structs of `client` from clock 0. */
export const nestedTypes = (client, depth, from = 0, root = 'text') =>
  Array.from({ length: depth }, (_, i) => type(from + i === 0 ? under(root) : inside(client, from + i - 1), 0))
