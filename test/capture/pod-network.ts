import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The group that Envoy runs as: what it sends is not redirected (Istio's proxy has user and group 1337). */
export const PROXY_GROUP = 1337;

/** A pod as a network namespace. */
export interface PodNamespace {
  readonly namespace: string;
  readonly ip: string;
}

/** Pods on one bridge, in namespaces of their own: nothing of the machine's network is touched. */
export interface PodNetwork {
  readonly pods: ReadonlyMap<string, PodNamespace>;
  close(): Promise<void>;
}

/** Why pods cannot be made here; undefined where they can. */
export function whyNoPods(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux’s';
  if (process.getuid?.() !== 0) return 'making network namespaces takes root';
  for (const tool of ['ip', 'iptables-restore', 'setpriv']) {
    const found = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${tool}`));
    if (!found && !existsSync(`/usr/sbin/${tool}`) && !existsSync(`/sbin/${tool}`)) return `"${tool}" is not installed`;
  }
  return undefined;
}

/** Makes a namespace for each name; those `captured` get the redirections that Istio's init container makes. */
export async function createPodNetwork(
  names: readonly string[],
  captured: readonly string[],
  ports: { readonly outbound: number; readonly inbound: number },
): Promise<PodNetwork> {
  const prefix = `hdl${process.pid.toString(36)}`;
  const router = `${prefix}r`;
  const created: string[] = [];
  const ip = async (...args: string[]): Promise<void> => {
    await run('ip', args, { env: TOOLS });
  };
  const close = async (): Promise<void> => {
    for (const namespace of created) await ip('netns', 'delete', namespace).catch(() => {});
  };
  try {
    created.push(router);
    await ip('netns', 'add', router);
    await ip('-n', router, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', router, 'address', 'add', '10.77.0.1/24', 'dev', 'bridge');
    await ip('-n', router, 'link', 'set', 'bridge', 'up');
    const pods = new Map<string, PodNamespace>();
    for (const [index, name] of names.entries()) {
      const namespace = `${prefix}${index}`;
      const address = `10.77.0.${index + 2}`;
      created.push(namespace);
      await ip('netns', 'add', namespace);
      await ip('-n', router, 'link', 'add', `port${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      await ip('-n', router, 'link', 'set', `port${index}`, 'master', 'bridge', 'up');
      await ip('-n', namespace, 'link', 'set', 'lo', 'up');
      await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      await ip('-n', namespace, 'route', 'add', 'default', 'via', '10.77.0.1');
      if (captured.includes(name)) redirect(namespace, ports);
      pods.set(name, { namespace, ip: address });
    }
    return { pods, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Programs of the system's administrator may be out of a user's PATH. */
const TOOLS = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };

/** The rules of Istio's init container for a pod without exclusions ("Traffic capture", `istio-iptables`), in the table `nat`. */
function redirect(namespace: string, ports: { readonly outbound: number; readonly inbound: number }): void {
  const rules = `*nat
:ISTIO_INBOUND - [0:0]
:ISTIO_IN_REDIRECT - [0:0]
:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports ${ports.outbound}
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports ${ports.inbound}
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
-A OUTPUT -p tcp -j ISTIO_OUTPUT
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT -o lo ! -d 127.0.0.1/32 -p tcp -m owner --gid-owner ${PROXY_GROUP} -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -o lo -m owner ! --gid-owner ${PROXY_GROUP} -j RETURN
-A ISTIO_OUTPUT -m owner --gid-owner ${PROXY_GROUP} -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT
COMMIT
`;
  execFileSync('ip', ['netns', 'exec', namespace, 'iptables-restore'], { input: rules, env: TOOLS });
}

/** The command that runs a program in a pod, as a proxy or as its workload. */
export function inPod(
  pod: PodNamespace,
  as: 'proxy' | 'workload',
  program: string,
): { readonly path: string; readonly args: readonly string[] } {
  const group = as === 'proxy' ? ['setpriv', `--regid=${PROXY_GROUP}`, '--clear-groups'] : [];
  return { path: 'ip', args: ['netns', 'exec', pod.namespace, ...group, program] };
}
