import type { Severity } from './diagnostic.ts';

/** What a code stands for: its usual severity and one sentence for docs/errors.md. */
export interface DiagnosticCodeInfo {
  readonly severity: Severity;
  readonly title: string;
}

/**
 * Every diagnostic code, once. Codes are an interface: they keep their meaning, and a code that is no longer reported stays in the
 * table as retired. `IST` codes mean what Istio's analyzer means by them; `HED0xx` reading, `HED1xx` fields, `HED2xx` references
 * and conflicts, `HED3xx` data planes, `HED4xx` local workloads.
 */
export const diagnosticCodes = {
  HED001: { severity: 'error', title: 'A file or folder cannot be read' },
  HED002: { severity: 'error', title: 'YAML or JSON syntax error' },
  HED003: { severity: 'error', title: 'A file or document exceeds a limit (size, nesting, aliases)' },
  HED004: { severity: 'warning', title: 'A line of four or more dashes is read as a document separator' },
  HED005: { severity: 'error', title: 'A document is not a Kubernetes object' },
  HED006: { severity: 'error', title: 'Unknown kind or API version' },
  HED007: { severity: 'warning', title: 'A known kind that is not applied yet' },
  HED008: { severity: 'error', title: 'The same object is defined twice' },
  HED009: { severity: 'error', title: 'Invalid object name or namespace' },
  HED010: { severity: 'info', title: 'A kind that means nothing to a mesh' },
  HED101: { severity: 'error', title: 'Unknown field' },
  HED102: { severity: 'error', title: 'Required field is missing' },
  HED103: { severity: 'error', title: 'Wrong type' },
  HED104: { severity: 'error', title: 'Invalid value' },
  HED105: { severity: 'error', title: 'Fields that exclude each other' },
  HED106: { severity: 'warning', title: 'A declared field that is not applied yet' },
  HED201: { severity: 'warning', title: 'A host of no known service' },
  HED202: { severity: 'warning', title: 'A service has no such port' },
  HED203: { severity: 'warning', title: 'A host claimed by two objects' },
  HED204: { severity: 'warning', title: 'Gateways in conflict over a port' },
  HED205: { severity: 'warning', title: 'A route that can never match' },
  HED206: { severity: 'info', title: 'A service selects no running workload' },
  HED207: { severity: 'error', title: 'A configuration exceeds a limit' },
  HED208: { severity: 'warning', title: 'A service target port that its workload does not have' },
  HED209: { severity: 'warning', title: 'A gateway serves no route' },
  HED210: { severity: 'warning', title: 'Two ports that one proxy cannot serve at the same address' },
  HED211: { severity: 'warning', title: 'An object is not exported to the namespace that needs it' },
  IST0101: { severity: 'error', title: 'Referenced resource not found' },
  IST0106: { severity: 'error', title: 'Schema validation error' },
  IST0109: { severity: 'warning', title: 'Conflicting VirtualService hosts' },
  IST0132: { severity: 'warning', title: 'VirtualService host not defined in the gateway' },
  HED301: { severity: 'warning', title: 'The proxy cannot do what a field asks for' },
  HED302: { severity: 'error', title: 'A proxy rejected a resource' },
  HED401: { severity: 'warning', title: 'No local command stands for a container' },
  HED402: { severity: 'error', title: 'A local workload failed' },
  HED403: { severity: 'info', title: 'A container is served by a stand-in' },
} as const satisfies Readonly<Record<string, DiagnosticCodeInfo>>;

export type DiagnosticCode = keyof typeof diagnosticCodes;
