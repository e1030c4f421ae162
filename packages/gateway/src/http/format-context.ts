import { type FormatArgumentCommand, type FormatCommand, type FormatContext, requestHeader } from '@heddle/routing';
import type { Exchange } from './exchange.ts';
import { headerBytes, headerValue } from './header-list.ts';
import { formatResponseFlags } from './response-flag.ts';

/** An exchange as `%COMMAND%` formats see it, in header values and access logs. */
export function formatContext(exchange: Exchange): FormatContext {
  return new ExchangeContext(exchange);
}

class ExchangeContext implements FormatContext {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  get startTimeMs(): number {
    return this.#exchange.startTime;
  }

  requestHeader(name: string): string | undefined {
    const x = this.#exchange;
    if (x.isUnreadable) return undefined;
    // An empty Host is a value, an absent one is none.
    if (name === ':authority' || name === 'host') return x.hasAuthority ? x.authority : undefined;
    return name.startsWith(':') ? requestHeader(x, name) : headerValue(x.requestHeaders, name);
  }

  responseHeader(name: string): string | undefined {
    if (name === ':status') return String(this.#exchange.responseStatus);
    return headerValue(this.#exchange.responseHeaders, name);
  }

  responseTrailer(name: string): string | undefined {
    return headerValue(this.#exchange.responseTrailers ?? [], name);
  }

  argumentValue(command: FormatArgumentCommand): string | undefined {
    // Nothing fills metadata or filter state yet.
    void command;
    return undefined;
  }

  value(command: FormatCommand): string | number | undefined {
    const x = this.#exchange;
    switch (command) {
      case 'BYTES_RECEIVED':
        return x.bytesReceived;
      case 'BYTES_SENT':
        return x.bytesSent;
      case 'DOWNSTREAM_REMOTE_ADDRESS':
        // The port belongs to the connection; behind a trusted proxy the client's is unknown and Envoy prints 0.
        return hostPort(x.clientAddress, x.clientAddress === x.connection.remoteAddress ? x.connection.remotePort : 0);
      case 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT':
        return x.clientAddress;
      case 'DOWNSTREAM_REMOTE_PORT':
        return x.clientAddress === x.connection.remoteAddress ? x.connection.remotePort : 0;
      case 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS':
        return hostPort(x.connection.remoteAddress, x.connection.remotePort);
      case 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT':
        return x.connection.remoteAddress;
      case 'DOWNSTREAM_DIRECT_REMOTE_PORT':
        return x.connection.remotePort;
      case 'DOWNSTREAM_LOCAL_ADDRESS':
      case 'DOWNSTREAM_DIRECT_LOCAL_ADDRESS':
        return hostPort(x.connection.localAddress, x.connection.localPort);
      case 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT':
      case 'DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT':
        return x.connection.localAddress;
      case 'DOWNSTREAM_LOCAL_PORT':
      case 'DOWNSTREAM_DIRECT_LOCAL_PORT':
        return x.connection.localPort;
      case 'REQUESTED_SERVER_NAME':
        return x.connection.tls?.serverName;
      case 'DOWNSTREAM_TLS_VERSION':
        return x.connection.tls?.version;
      case 'DURATION':
        return Math.round(performance.now() - x.startedAt);
      case 'PROTOCOL':
        return x.protocol;
      case 'REQUEST_HEADERS_BYTES':
        return headerBytes(x.requestHeaders);
      case 'RESPONSE_CODE':
        return x.responseStatus;
      case 'RESPONSE_CODE_DETAILS':
        return x.responseDetails === '' ? undefined : x.responseDetails;
      case 'RESPONSE_FLAGS':
        return formatResponseFlags(x.responseFlags);
      case 'RESPONSE_HEADERS_BYTES':
        return headerBytes(x.responseHeaders);
      case 'ROUTE_NAME':
        return x.route === undefined || x.route.route.config.name === '' ? undefined : x.route.route.config.name;
      case 'STREAM_ID':
        return x.requestId;
      case 'UPSTREAM_CLUSTER':
      case 'UPSTREAM_CLUSTER_RAW':
        return x.clusterName;
      case 'UPSTREAM_HOST':
      case 'UPSTREAM_REMOTE_ADDRESS':
        return x.host?.name;
      case 'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT':
        return x.host?.address.host;
      case 'UPSTREAM_REMOTE_PORT':
        return x.host?.address.port;
      case 'UPSTREAM_REQUEST_ATTEMPT_COUNT':
        return x.attempts;
      case 'UPSTREAM_TRANSPORT_FAILURE_REASON':
        return x.upstreamFailure?.replaceAll(' ', '_');
      default:
        return undefined;
    }
  }
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
