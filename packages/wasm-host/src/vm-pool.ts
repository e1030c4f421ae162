import type { WasmModule } from './wasm-module.ts';
import type { WasmProcess } from './wasm-process.ts';
import { type WasmTrap, WasmVm, type WasmVmOptions } from './wasm-vm.ts';

/** A use of a VM that others may use too. */
export interface VmLease {
  readonly vm: WasmVm;
  /** The VM is closed when nobody uses it any more. */
  release(): void;
}

interface SharedVm {
  readonly vm: WasmVm;
  uses: number;
  readonly failed: Set<(trap: WasmTrap) => void>;
}

const pools = new WeakMap<WasmProcess, Map<string, SharedVm>>();

/**
 * The VM of a process for a module, a `vm_id` and a configuration of the VM: started for the first who asks, shared by who comes later
 * (cpp-host's `makeVmKey`). What else the options say is that of the first. A VM that has failed is shared no more.
 *
 * @param failed told when the VM fails
 * @throws ModuleError
 */
export function leaseVm(
  process: WasmProcess,
  module: WasmModule,
  options: Omit<WasmVmOptions, 'process' | 'failed'>,
  failed: (trap: WasmTrap) => void,
): VmLease {
  let pool = pools.get(process);
  if (pool === undefined) {
    pool = new Map();
    pools.set(process, pool);
  }
  const { vmId = '', vmConfiguration = new Uint8Array() } = options;
  const key = JSON.stringify([vmId, module.digest, module.isMetered, Array.from(vmConfiguration)]);
  const shared = pool.get(key) ?? start(pool, key, process, module, options);
  shared.uses += 1;
  shared.failed.add(failed);
  let isReleased = false;
  return {
    vm: shared.vm,
    release() {
      if (isReleased) return;
      isReleased = true;
      shared.failed.delete(failed);
      shared.uses -= 1;
      if (shared.uses > 0) return;
      if (pool.get(key) === shared) pool.delete(key);
      shared.vm.close();
    },
  };
}

function start(
  pool: Map<string, SharedVm>,
  key: string,
  process: WasmProcess,
  module: WasmModule,
  options: Omit<WasmVmOptions, 'process' | 'failed'>,
): SharedVm {
  const failed = new Set<(trap: WasmTrap) => void>();
  const vm = WasmVm.start(module, {
    ...options,
    process,
    failed: (trap) => {
      if (pool.get(key)?.vm === vm) pool.delete(key);
      for (const tell of [...failed]) tell(trap);
    },
  });
  const shared = { vm, uses: 0, failed };
  pool.set(key, shared);
  return shared;
}
