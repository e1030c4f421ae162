// Refuses requests without the key that the configuration is: ../README.md says what each language's filter does.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type plugin struct {
	types.DefaultPluginContext
	key string
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	key, err := proxywasm.GetPluginConfiguration()
	if err != nil || len(key) == 0 {
		proxywasm.LogError("no key is configured")
		return types.OnPluginStartStatusFailed
	}
	p.key = string(key)
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &request{key: p.key}
}

type request struct {
	types.DefaultHttpContext
	key string
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	if key, err := proxywasm.GetHttpRequestHeader("x-api-key"); err != nil || key != r.key {
		if err := proxywasm.SendHttpResponse(401, nil, []byte("a key is wanted\n"), -1); err != nil {
			proxywasm.LogCriticalf("cannot answer: %v", err)
		}
		return types.ActionPause
	}
	if err := proxywasm.AddHttpRequestHeader("x-key", "right"); err != nil {
		proxywasm.LogCriticalf("cannot add a header: %v", err)
	}
	return types.ActionContinue
}
