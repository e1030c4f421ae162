/** Classes of the SDK that filters extend. */
export type BaseClass = 'RootContext' | 'HttpContext';

/** Which export of the module calls which method, by the SDK's class: an export that no class needs is left out. */
export const CALLBACKS: Readonly<Record<BaseClass, Readonly<Record<string, string>>>> = {
  RootContext: {
    onStart: 'proxy_on_vm_start',
    onConfigure: 'proxy_on_configure',
  },
  HttpContext: {
    onRequestHeaders: 'proxy_on_request_headers',
    onResponseHeaders: 'proxy_on_response_headers',
  },
};

/** What every module exports. */
export const ALWAYS: readonly string[] = ['proxy_abi_version_0_2_1', 'proxy_on_memory_allocate', 'proxy_on_delete'];
