/**
 * The HTTP filter `envoy.filters.http.lua`.
 *
 * @module
 */
export {
  type Lua,
  type LuaPerRoute,
  LuaPerRouteSchema,
  LuaSchema,
} from '../../../../gen/envoy/extensions/filters/http/lua/v3/lua_pb.js';
