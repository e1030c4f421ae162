import { readFile } from 'node:fs/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/**
 * Reads the serialized `google.protobuf.FileDescriptorProto`s that protoc's C++ generator compiles, uncompressed, into
 * a binary's read-only data. An Envoy binary thereby carries the exact schema of the API it was built with, which makes
 * it the judge of what may be sent to it.
 *
 * A descriptor starts with its `name` field, so every occurrence of `.proto` is walked back to a plausible field header:
 *
 *     0a LEN "envoy/config/core/v3/base.proto" 12 LEN "envoy.config.core.v3" 1a LEN … 62 06 "proto3"
 *     ^ field 1, length-delimited               ^ field 2                    ^ field 3      ^ field 12
 *
 * and walked forward for as long as the tags stay valid and in order; protoc writes fields in ascending order, so a
 * smaller number means that something else begins.
 *
 * @param {string} path an executable
 * @returns {Promise<Map<string, import('@bufbuild/protobuf/wkt').FileDescriptorProto>>} by file name, such as
 *   `envoy/config/core/v3/base.proto`
 */
export async function readEmbeddedDescriptors(path) {
  const binary = await readFile(path);
  const files = new Map();
  const suffix = Buffer.from('.proto');
  for (let at = binary.indexOf(suffix); at !== -1; at = binary.indexOf(suffix, at + 1)) {
    const nameEnd = at + suffix.length;
    const start = startOfDescriptor(binary, nameEnd);
    if (start === undefined) continue;
    const end = endOfDescriptor(binary, start);
    try {
      const file = fromBinary(FileDescriptorProtoSchema, binary.subarray(start, end));
      // A file without declarations is a match inside another structure's strings (dependency lists look like names).
      if (file.messageType.length + file.enumType.length + file.service.length + file.extension.length === 0) continue;
      if (!files.has(file.name)) files.set(file.name, file);
    } catch {
      // Bytes that only look like a descriptor; the real one occurs elsewhere.
    }
  }
  return files;
}

/** Where the descriptor whose name ends at `nameEnd` starts, or undefined when no field header precedes the name. */
function startOfDescriptor(binary, nameEnd) {
  for (let length = 7; length < 128; length++) {
    const start = nameEnd - length - 2;
    if (start < 0) return undefined;
    if (binary[start] === 0x0a && binary[start + 1] === length) return start;
    const byte = binary[nameEnd - length];
    if (byte === undefined || byte < 0x2d || byte > 0x7a) return undefined;
  }
  return undefined;
}

/** Walks the top-level fields from `start` and returns the offset after the last one that fits a FileDescriptorProto. */
function endOfDescriptor(binary, start) {
  let position = start;
  let last = 0;
  while (position < binary.length) {
    const tag = binary[position];
    const number = tag >> 3;
    const wireType = tag & 7;
    // 10, 11 and 14 (public and weak dependencies, edition) are varints, the others are length-delimited.
    const wanted = number === 10 || number === 11 || number === 14 ? 0 : 2;
    if (number < 1 || number > 14 || wireType !== wanted || number < last) break;
    if ((number === 1 || number === 2) && number === last) break;
    const [value, next] = readVarint(binary, position + 1);
    const end = wireType === 2 ? next + value : next;
    if (end > binary.length) break;
    position = end;
    last = number;
    if (number === 14) break;
  }
  return position;
}

function readVarint(binary, at) {
  let value = 0;
  let factor = 1;
  let position = at;
  for (; position < at + 5; position++) {
    const byte = binary[position] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) break;
  }
  return [value, position + 1];
}
