import { Status } from './abi.ts';

/** What modules may set on one stream, names and values in all. */
const MAX_BYTES = 1024 * 1024;
const MAX_PROPERTIES = 1024;

/** Keeps a property that a module sets on a stream; `INTERNAL_FAILURE` for more than 1024 of them, or 1 MiB in all. */
export function setProperty(properties: Map<string, Uint8Array>, key: string, value: Uint8Array): Status {
  let bytes = key.length + value.length;
  for (const [name, { length }] of properties) if (name !== key) bytes += name.length + length;
  const isNew = !properties.has(key);
  if (bytes > MAX_BYTES || (isNew && properties.size >= MAX_PROPERTIES)) return Status.INTERNAL_FAILURE;
  properties.set(key, value);
  return Status.OK;
}
