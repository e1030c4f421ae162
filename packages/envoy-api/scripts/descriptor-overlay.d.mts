import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';

export function parseOverlay(json: unknown[]): FileDescriptorProto[];
export function printOverlay(files: FileDescriptorProto[]): unknown[];
export function applyOverlay(files: FileDescriptorProto[], overlay: FileDescriptorProto[]): FileDescriptorProto[];
export function subtractFile(
  wanted: FileDescriptorProto,
  base: FileDescriptorProto | undefined,
  only: ReadonlySet<string>,
): FileDescriptorProto | undefined;
