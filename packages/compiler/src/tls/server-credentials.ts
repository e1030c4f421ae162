import { type Diagnostic, diagnostic, type FieldPath, formatRef, type Origin, type ResourceRef } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Memo } from '../memo.ts';
import { type ClientTls, refOfObject, type Secret, type ServerTls } from '../mesh-objects.ts';
import { type Found, keyPairOf, trustedCaOf } from './credential.ts';
import type { ServerSecrets } from './downstream-context.ts';
import {
  buildFileSecret,
  buildKeyPairSecret,
  buildTrustedCaSecret,
  CA_SUFFIX,
  credentialSecretName,
  fileCaName,
  filePairName,
  SYSTEM_CA_FILE,
  SYSTEM_CA_NAME,
  trustedCaSecretName,
} from './secret-resource.ts';

/** Gives Secrets of the namespace in which the proxy runs, and says where else one of that name is. */
export interface SecretLookup {
  readonly namespace: string;
  find(name: string): Secret | undefined;
  /** Namespaces that have a Secret of this name. */
  elsewhere(name: string): readonly string[];
}

/** What a server's TLS needs, or undefined if something of it is missing or broken; then the diagnostics say what. */
export interface ServerCredentials {
  readonly names: ServerSecrets | undefined;
  readonly resources: readonly CompiledResource[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Who asks: the object and the path of its `tls`. */
export interface TlsOwner {
  readonly resource: ResourceRef;
  readonly path: FieldPath;
  /** What does not work without, as a sentence. */
  readonly effect: string;
}

/** Finds the secrets of a server that ends TLS: in Secrets by name, or in files of the proxy. */
export function serverCredentials(
  memo: Memo,
  tls: ServerTls,
  owner: TlsOwner,
  secrets: SecretLookup,
): ServerCredentials {
  const collector = new SecretCollector(memo, owner, secrets);
  const demandsClients = tls.mode === 'MUTUAL' || tls.mode === 'OPTIONAL_MUTUAL';
  const named = tls.credentialNames ?? (tls.credentialName === undefined ? [] : [tls.credentialName]);
  let trustedCa: string | undefined;
  if (named.length > 0) {
    for (const [index, name] of named.entries()) {
      collector.keyPair(name, tls.credentialNames === undefined ? ['credentialName'] : ['credentialNames', index]);
    }
    if (demandsClients) {
      trustedCa =
        tls.caCertCredentialName === undefined
          ? collector.trustedCa(
              named[0] ?? '',
              tls.credentialNames === undefined ? ['credentialName'] : ['credentialNames', 0],
            )
          : collector.trustedCa(tls.caCertCredentialName, ['caCertCredentialName']);
    }
  } else {
    const pairs = tls.tlsCertificates ?? [tls];
    for (const [index, { serverCertificate = '', privateKey = '' }] of pairs.entries()) {
      const path = tls.tlsCertificates === undefined ? ['serverCertificate'] : ['tlsCertificates', index];
      collector.files(path, filePairName(serverCertificate, privateKey), serverCertificate, privateKey);
    }
    if (demandsClients && tls.caCertificates !== undefined) {
      trustedCa = fileCaName(tls.caCertificates);
      collector.fileCa(['caCertificates'], trustedCa, tls.caCertificates);
    }
  }
  return collector.build(trustedCa, demandsClients);
}

/** Finds the secrets of connections to endpoints. */
export function clientCredentials(
  memo: Memo,
  tls: ClientTls,
  owner: TlsOwner,
  secrets: SecretLookup,
): Pick<ServerCredentials, 'resources' | 'diagnostics'> {
  const collector = new SecretCollector(memo, owner, secrets);
  const { credentialName, clientCertificate = '', privateKey = '', caCertificates } = tls;
  const mutual = tls.mode === 'MUTUAL';
  const verifies = tls.insecureSkipVerify !== true;
  if (credentialName !== undefined) {
    if (mutual) collector.keyPair(credentialName, ['credentialName']);
    if (verifies) collector.trustedCa(credentialName, ['credentialName']);
  } else {
    if (mutual) {
      const name = filePairName(clientCertificate, privateKey);
      collector.files(['clientCertificate'], name, clientCertificate, privateKey);
    }
    if (verifies && caCertificates === undefined) collector.fileCa([], SYSTEM_CA_NAME, SYSTEM_CA_FILE);
    else if (verifies) collector.fileCa(['caCertificates'], fileCaName(caCertificates ?? ''), caCertificates ?? '');
  }
  return collector.found;
}

class SecretCollector {
  readonly #memo: Memo;
  readonly #owner: TlsOwner;
  readonly #secrets: SecretLookup;
  readonly #certificates: string[] = [];
  readonly #resources: CompiledResource[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #sound = true;

  constructor(memo: Memo, owner: TlsOwner, secrets: SecretLookup) {
    this.#memo = memo;
    this.#owner = owner;
    this.#secrets = secrets;
  }

  keyPair(name: string, field: FieldPath): void {
    const secret = this.#find([name], field);
    const pair = secret === undefined ? undefined : this.#usable(secret, this.#memo.run(keyPairOf, secret));
    if (secret === undefined || pair === undefined) return;
    const resourceName = credentialSecretName(name);
    this.#resources.push(this.#memo.run(buildKeyPairSecret, secret, resourceName, pair));
    this.#certificates.push(resourceName);
  }

  trustedCa(name: string, field: FieldPath): string | undefined {
    const secret = this.#find(name.endsWith(CA_SUFFIX) ? [name] : [name + CA_SUFFIX, name], field);
    const ca = secret === undefined ? undefined : this.#usable(secret, this.#memo.run(trustedCaOf, secret));
    if (secret === undefined || ca === undefined) return undefined;
    const resourceName = trustedCaSecretName(name);
    this.#resources.push(this.#memo.run(buildTrustedCaSecret, secret, resourceName, ca));
    return resourceName;
  }

  files(field: FieldPath, name: string, ...paths: readonly string[]): void {
    this.fileCa(field, name, ...paths);
    this.#certificates.push(name);
  }

  fileCa(field: FieldPath, name: string, ...paths: readonly string[]): void {
    const owner: Origin = { resource: this.#owner.resource, path: [...this.#owner.path, ...field] };
    this.#resources.push(buildFileSecret(this.#memo, owner, name, ...paths));
  }

  /** Whatever there is. */
  get found(): Pick<ServerCredentials, 'resources' | 'diagnostics'> {
    return { resources: this.#resources, diagnostics: this.#diagnostics };
  }

  build(trustedCa: string | undefined, demandsClients: boolean): ServerCredentials {
    const sound = this.#sound && this.#certificates.length > 0 && (trustedCa !== undefined || !demandsClients);
    const names = sound
      ? { certificates: this.#certificates, ...(trustedCa === undefined ? {} : { trustedCa }) }
      : undefined;
    return { names, resources: sound ? this.#resources : [], diagnostics: this.#diagnostics };
  }

  /** The first of these Secrets that there is; the last name is the one that the user wrote. */
  #find(names: readonly string[], field: FieldPath): Secret | undefined {
    for (const name of names) {
      const found = this.#secrets.find(name);
      if (found !== undefined) return found;
    }
    this.#sound = false;
    const { resource, path, effect } = this.#owner;
    const written = names.at(-1) ?? '';
    const { namespace } = this.#secrets;
    const others = this.#secrets.elsewhere(written);
    const details = { resource, path: [...path, ...field], effect };
    this.#diagnostics.push(
      others.length === 0
        ? diagnostic('IST0101', {
            ...details,
            message: `there is no Secret "${written}" in namespace "${namespace}"`,
            fix: `create a Secret "${written}" in namespace "${namespace}", where the gateway runs`,
          })
        : diagnostic('HED240', {
            ...details,
            message: `Secret "${written}" is in namespace ${others.map((other) => `"${other}"`).join(', ')}, and the gateway runs in "${namespace}": Secrets are given to proxies of their own namespace only`,
            fix: `put the Secret into namespace "${namespace}"`,
          }),
    );
    return undefined;
  }

  #usable<Thing>(secret: Secret, found: Found<Thing>): Thing | undefined {
    if ('value' in found) return found.value;
    this.#sound = false;
    const { resource, effect } = this.#owner;
    const { path, message } = found.problem;
    this.#diagnostics.push(
      diagnostic('HED241', {
        resource: refOfObject(secret),
        path,
        message,
        effect: `${effect} (${formatRef(resource)} names it)`,
      }),
    );
    return undefined;
  }
}
