import type { Node } from '@heddle/envoy-api/core';

/** What a client says about itself and nothing depends on: for people and their tools. Each text is cut at 128 characters. */
export interface ClientInfo {
  /** `user_agent_name`, with the version if it states one: `envoy/1.40.1`. */
  readonly userAgent?: string;
  /** Metadata `ISTIO_VERSION`, as Istio's agent sets it. */
  readonly istioVersion?: string;
  /** Metadata `CLUSTER_ID`: the Kubernetes cluster that the proxy is in. */
  readonly clusterId?: string;
}

/** Reads an `envoy.config.core.v3.Node`; what is missing or of another type is left out. */
export function clientInfoOf(node: Node | undefined): ClientInfo {
  if (node === undefined) return {};
  const userAgent = userAgentOf(node);
  const istioVersion = text(node.metadata?.['ISTIO_VERSION']);
  const clusterId = text(node.metadata?.['CLUSTER_ID']);
  return {
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(istioVersion === undefined ? {} : { istioVersion }),
    ...(clusterId === undefined ? {} : { clusterId }),
  };
}

function userAgentOf(node: Node): string | undefined {
  const name = text(node.userAgentName);
  if (name === undefined) return undefined;
  const version = node.userAgentVersionType;
  if (version.case === 'userAgentVersion') return text(`${name}/${version.value}`);
  const number = version.case === 'userAgentBuildVersion' ? version.value.version : undefined;
  if (number === undefined) return name;
  return `${name}/${number.majorNumber}.${number.minorNumber}.${number.patch}`;
}

const MAX_LENGTH = 128;

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_LENGTH) : undefined;
}
