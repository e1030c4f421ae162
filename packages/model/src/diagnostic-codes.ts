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
  HED212: { severity: 'warning', title: 'A fault that strikes no request' },
  HED213: { severity: 'warning', title: 'A VirtualService that cannot be delegated to as written' },
  HED214: { severity: 'info', title: 'Several VirtualServices route one host at a gateway' },
  HED215: { severity: 'warning', title: 'A field that has no effect beside another' },
  HED216: { severity: 'warning', title: 'A delegate that no rule names' },
  HED220: { severity: 'warning', title: 'An unknown namespace in exportTo' },
  HED240: { severity: 'error', title: 'A Secret of a namespace other than the proxy’s' },
  HED241: { severity: 'error', title: 'A Secret that holds no usable certificate' },
  HED250: { severity: 'error', title: 'A WebAssembly module that cannot be used' },
  HED251: { severity: 'error', title: 'A plugin’s configuration that the schema of its filter does not allow' },
  HED252: { severity: 'warning', title: 'A filter’s schema that cannot be used' },
  IST0002: { severity: 'warning', title: 'A deprecated field or value' },
  IST0101: { severity: 'error', title: 'Referenced resource not found' },
  IST0106: { severity: 'error', title: 'Schema validation error' },
  IST0109: { severity: 'warning', title: 'Conflicting VirtualService hosts' },
  IST0110: { severity: 'error', title: 'Sidecars in conflict over a workload' },
  IST0111: { severity: 'error', title: 'Several Sidecars for a whole namespace' },
  IST0112: { severity: 'warning', title: 'A destination with several ports does not say which' },
  IST0116: { severity: 'warning', title: 'Services in conflict over the protocol of a workload' },
  IST0118: { severity: 'info', title: 'A port name that does not tell the protocol' },
  IST0123: { severity: 'warning', title: 'A namespace with several injection labels' },
  IST0127: { severity: 'warning', title: 'No workload has the selected labels' },
  IST0128: { severity: 'warning', title: 'TLS to a destination that is not verified' },
  IST0129: { severity: 'warning', title: 'TLS to a port of a destination that is not verified' },
  IST0130: { severity: 'warning', title: 'A VirtualService rule that is never reached' },
  IST0131: { severity: 'info', title: 'A VirtualService match that is never reached' },
  IST0132: { severity: 'warning', title: 'VirtualService host not defined in the gateway' },
  IST0134: { severity: 'warning', title: 'A TCP port of a ServiceEntry without addresses' },
  IST0137: { severity: 'warning', title: 'Services in conflict over the port of a workload' },
  IST0138: { severity: 'warning', title: 'Gateways that share a certificate' },
  IST0145: { severity: 'warning', title: 'Gateways in conflict over a host' },
  IST0150: { severity: 'warning', title: 'A port of an ExternalName Service that is not HTTP' },
  IST0162: { severity: 'warning', title: 'A Gateway port that no Service leads to' },
  HED301: { severity: 'warning', title: 'The proxy cannot do what a field asks for' },
  HED302: { severity: 'error', title: 'A proxy rejected a resource' },
  HED401: { severity: 'warning', title: 'No local command stands for a container' },
  HED402: { severity: 'error', title: 'A local workload failed' },
  HED403: { severity: 'info', title: 'A container is served by a stand-in' },
} as const satisfies Readonly<Record<string, DiagnosticCodeInfo>>;

export type DiagnosticCode = keyof typeof diagnosticCodes;
