import { type FieldProblem, MESH_CONFIG_NAME, type ObjectIdentity, parseObject } from '@heddle/api';
import type { AnyMeshObject, FieldPath } from '@heddle/model';
import { syntaxMessage } from './syntax-message.ts';
import { type ChunkText, embeddedTextOffsets, locateInChunk, parseYaml, type TextSpan } from './yaml-chunk.ts';

/** The namespace of the control plane: a ConfigMap anywhere else is somebody else's, whatever it is called. */
const SYSTEM_NAMESPACE = 'istio-system';

const API_VERSION = 'mesh.istio.io/v1alpha1';

/** A MeshConfig that stands in a text as something else than an object of its own. */
export interface MeshConfigItem {
  readonly object: AnyMeshObject | undefined;
  readonly identity: ObjectIdentity;
  readonly problems: readonly FieldProblem[];
  /** Where a field of the object stands in the chunk. */
  readonly place: (
    chunk: ChunkText,
    documentIndex: number,
    base: FieldPath,
    path: FieldPath,
    prefer: 'key' | 'value',
  ) => TextSpan | undefined;
}

const identity: ObjectIdentity = { kind: 'MeshConfig', namespace: '', name: MESH_CONFIG_NAME };

/** The text under key `mesh` of the ConfigMap `istio` in namespace `istio-system`, where Istio keeps its MeshConfig; else undefined. */
export function meshConfigMap(value: unknown): MeshConfigItem | undefined {
  if (!isMapping(value) || value['kind'] !== 'ConfigMap' || value['apiVersion'] !== 'v1') return undefined;
  const { metadata, data } = value;
  if (!isMapping(metadata) || metadata['name'] !== MESH_CONFIG_NAME || metadata['namespace'] !== SYSTEM_NAMESPACE)
    return undefined;
  const text = isMapping(data) ? data['mesh'] : undefined;
  if (typeof text !== 'string') return undefined;
  const inner: ChunkText = { text };
  const place: MeshConfigItem['place'] = (chunk, documentIndex, base, path, prefer) => {
    const around = [...base, 'data', 'mesh'];
    const [root, ...below] = path;
    const offsets = embeddedTextOffsets(chunk, documentIndex, around);
    const span = root === 'spec' && below.length > 0 ? locateInChunk(inner, 0, below, prefer) : undefined;
    if (offsets === undefined || span === undefined) return locateInChunk(chunk, documentIndex, around, 'key');
    return { start: offsets(span.start), end: offsets(span.end) };
  };
  const documents = parseYaml(text);
  const error = documents.flatMap((document) => [...document.errors, ...document.warnings])[0];
  if (error !== undefined) return { object: undefined, identity, problems: [broken(syntaxMessage(error))], place };
  if (documents.length > 1)
    return { object: undefined, identity, problems: [broken('found several documents, wanted one')], place };
  const spec: unknown = documents[0]?.toJS({ maxAliasCount: 100 }) ?? {};
  return { ...meshConfigOf(spec), place };
}

/** The MeshConfig that a whole document is: what Istio's `--meshConfig` file holds. */
export function meshConfigDocument(value: unknown): MeshConfigItem {
  return {
    ...meshConfigOf(value ?? {}),
    place: (chunk, documentIndex, base, path, prefer) =>
      locateInChunk(chunk, documentIndex, [...base, ...path.slice(1)], prefer),
  };
}

function meshConfigOf(spec: unknown): Pick<MeshConfigItem, 'object' | 'identity' | 'problems'> {
  const read = parseObject({ apiVersion: API_VERSION, kind: 'MeshConfig', metadata: { name: MESH_CONFIG_NAME }, spec });
  return { object: read.object, identity, problems: read.problems };
}

function broken(message: string): FieldProblem {
  return { code: 'invalid-value', severity: 'error', path: ['spec'], message };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
