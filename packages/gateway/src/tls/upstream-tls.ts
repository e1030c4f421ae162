import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { TransportSocket } from '@heddle/envoy-api/core';
import { type Secret, type UpstreamTlsContext, UpstreamTlsContextSchema } from '@heddle/envoy-api/tls';
import { type TlsSettings, tlsSettings } from './tls-settings.ts';

/** The TLS of a cluster's connections. What its secrets hold may change: connections made later follow it. */
export class UpstreamTls {
  readonly #context: UpstreamTlsContext;
  readonly #autoSni: boolean;
  /** Whether the name that is asked for must be one of the endpoint's certificate. */
  readonly verifiesServerName: boolean;
  #settings: TlsSettings;
  #secrets: ReadonlyMap<string, Secret> | undefined;

  constructor(
    context: UpstreamTlsContext,
    automatic: { readonly autoSni: boolean; readonly autoSanValidation: boolean },
  ) {
    this.#context = context;
    this.#autoSni = automatic.autoSni;
    this.verifiesServerName = automatic.autoSanValidation;
    this.#settings = tlsSettings(context.commonTlsContext, new Map(), []);
  }

  get settings(): TlsSettings {
    return this.#settings;
  }

  /** Takes the secrets of a state; says what of them cannot be obeyed. */
  update(secrets: ReadonlyMap<string, Secret>): readonly string[] {
    if (secrets === this.#secrets) return [];
    this.#secrets = secrets;
    const problems: string[] = [];
    this.#settings = tlsSettings(this.#context.commonTlsContext, secrets, problems);
    return problems;
  }

  /** The name to ask endpoints for: the configured one, else (`auto_sni`) the host of the request without its port. */
  serverNameFor(authority: string): string {
    if (!this.#autoSni) return this.#context.sni;
    if (authority.startsWith('[')) return authority.slice(1, authority.indexOf(']'));
    const colon = authority.lastIndexOf(':');
    return colon < 0 ? authority : authority.slice(0, colon);
  }
}

/** Reads the transport socket of a cluster; undefined for plain text. What cannot be obeyed is said in `problems`. */
export function upstreamTls(
  socket: TransportSocket | undefined,
  automatic: { readonly autoSni: boolean; readonly autoSanValidation: boolean },
  problems: string[],
): UpstreamTls | undefined {
  if (socket === undefined || socket.name === 'envoy.transport_sockets.raw_buffer') return undefined;
  const context =
    socket.configType.case === 'typedConfig' ? anyUnpack(socket.configType.value, UpstreamTlsContextSchema) : undefined;
  if (context === undefined) {
    problems.push(`transport_socket "${socket.name}" is not implemented, wanted TLS or plain text`);
    return undefined;
  }
  return new UpstreamTls(context, automatic);
}
